"""The terminal itself: cells, bytes, colours, signals."""
