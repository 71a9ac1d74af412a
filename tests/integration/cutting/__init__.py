"""The driver of a cutover, over a real ledger and a world that fails in every way."""
