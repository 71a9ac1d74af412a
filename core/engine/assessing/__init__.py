"""The job that asks what must be known before the move, and the gate that its answers are."""
