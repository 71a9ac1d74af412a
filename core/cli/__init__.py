"""The command line: one file per command group. Imports click; all else when a command runs."""
