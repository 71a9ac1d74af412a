"""The laboratory's own mechanics, without any server."""
