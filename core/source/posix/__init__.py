"""A VersityGW posix tree, read without leaving a trace."""
