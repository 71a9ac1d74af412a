"""What `vgwm config` does, and a conversion as clients see it."""
