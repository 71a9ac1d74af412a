"""Accounts of a gateway: read, judged, carried over unchanged. May import config and below."""
