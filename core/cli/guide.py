"""`vgwm guide`: who knows the operator guide types its script's name and gets our command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from core.cli.call import Call


@click.command()
@click.argument("wanted", metavar="[LINE|SCRIPT]", required=False)
@conventions
def guide(call: Call, *, wanted: str | None) -> int:
    """Find the command for a script of the operator guide.

    LINE is a line of the guide, SCRIPT the name of one of its scripts or steps, or a part of it.
    Alone it lists all.
    """
    from core.cli.output import listing
    from core.control.operator_guide import find, read

    known = read()
    if wanted is None:
        listing(call, known.entries, (entry.short() for entry in known.entries))
        return 0
    found = find(known, wanted)
    listing(call, found, (line for entry in found for line in entry.told()))
    return 0
