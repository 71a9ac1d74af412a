"""The engine's log: written, set aside by size, read back, and told what it means."""
