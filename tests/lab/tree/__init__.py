"""A tree of every kind of object, written through a real gateway, and what S3 said of each."""
