"""The reverse copy: what green accepted since the flip, carried to blue. Rules: docs/reverse.md."""
