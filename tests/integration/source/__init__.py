"""Tests of the posix source on trees built by hand, with real user attributes."""
