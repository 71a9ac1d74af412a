"""The memory of one migration: one SQLite file, one writer, readers beside it."""
