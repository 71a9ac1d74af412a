"""`vgwm metadata`: the object table held against what else knows of it, mended, kept, made anew."""

from __future__ import annotations

import click

from core.cli.metadata_backup import backup
from core.cli.metadata_check import check
from core.cli.metadata_rebuild import rebuild
from core.cli.metadata_repair import repair
from core.cli.metadata_restore import restore


@click.group()
def metadata() -> None:
    """Check and mend what the target knows of the objects."""


metadata.add_command(check)
metadata.add_command(repair)
metadata.add_command(rebuild)
metadata.add_command(backup)
metadata.add_command(restore)
