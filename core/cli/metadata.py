"""`vgwm metadata`: the object table held against what else knows of it, mended, kept, made anew."""

from __future__ import annotations

import click


@click.group()
def metadata() -> None:
    """Check and mend what the target knows of the objects."""
