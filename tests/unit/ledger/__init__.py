"""Tests of the ledger's pure parts."""
