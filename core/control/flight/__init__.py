"""The flight recorder: a snapshot a second in a bounded ring, read back and played."""
