"""Tests against real servers; each says by name what it could not prove where one is missing."""
