"""Questions to the world, each answered with a verdict, evidence, an age and a remedy (I7)."""
