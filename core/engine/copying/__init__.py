"""The copy: every bundle on its way to the target, through the faults of the outside."""
