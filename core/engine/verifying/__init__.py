"""Verification as a job: the join, then the bytes."""
