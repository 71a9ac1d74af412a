"""Tests of the ledger on real SQLite files, with processes that are killed."""
