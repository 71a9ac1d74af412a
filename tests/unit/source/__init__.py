"""Tests of the posix source that need no file system."""
