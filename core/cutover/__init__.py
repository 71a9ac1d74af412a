"""The cutover and the way back: states, gates, traffic, fence, reverse copy. Rules: docs/cutover.md."""
