"""Checks of what the target knows, and repairs by plan."""
