"""The old gateway's configuration, read and turned into the guide's. Pure: files come as bytes."""
