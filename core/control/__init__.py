"""The engine's API: wire types, server, client, and the facts that every screen shows."""
