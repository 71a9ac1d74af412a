"""Proof: what the target holds, held against what the source had and the ledger says."""
