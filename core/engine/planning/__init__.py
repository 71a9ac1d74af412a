"""The plan: one walk of the source into the ledger, and the document that it makes."""
