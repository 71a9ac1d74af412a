"""The workspace file, its units, knobs and secrets by reference; what leaves is redacted."""
