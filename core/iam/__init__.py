"""Accounts of the gateway: read, checked, carried over unchanged."""
