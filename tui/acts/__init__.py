"""What keys mean: pure steps from what is shown and a key to what is shown next."""
