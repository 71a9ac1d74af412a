"""Proofs, repairs and acts on the whole object table, as clients ask for and see them."""
