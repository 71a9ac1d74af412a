"""What keys ask for, done: calls of the API, child processes, copies."""
