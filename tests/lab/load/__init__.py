"""Clients that never stop, their journals, and what those prove of a cutover."""
