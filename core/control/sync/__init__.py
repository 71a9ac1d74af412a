"""The sync and its re-bundling, as clients see them."""
