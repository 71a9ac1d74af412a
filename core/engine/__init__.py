"""Jobs and their life, the copy pipeline, its processes. May import every room below it."""
