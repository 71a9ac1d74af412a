"""Keeping up with a live source: rounds that walk it against the ledger, and what follows."""
