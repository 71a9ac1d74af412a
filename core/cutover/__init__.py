"""The cutover and the way back: states, gates, traffic, fence, reverse copy (docs/cutover.md)."""
