"""The terminal application: a client of the engine's API with screens."""
