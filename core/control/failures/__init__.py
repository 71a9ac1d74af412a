"""What did not go through: lists, words, remedies, and acts on it."""
