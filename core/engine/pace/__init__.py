"""How fast it goes, why not faster, and what is done about it."""
