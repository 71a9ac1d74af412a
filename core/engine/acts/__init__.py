"""What operators do about failures: retries and skips, planned, shown, done by their hash."""
