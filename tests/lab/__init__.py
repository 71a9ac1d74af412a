"""Real servers on loopback, and trees written through a real gateway: for tests, benches, demo."""
