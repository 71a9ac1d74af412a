"""`vgwm target init`: make the object table, the cache's cluster and the places for bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions
from core.cli.target_deploy import deploy

if TYPE_CHECKING:
    from core.cli.call import Call


@click.group()
def target() -> None:
    """Prepare the target."""


target.add_command(deploy)


@target.command()
@click.option("--dry-run", is_flag=True, help="Print what would be made, and its hash.")
@click.option("--confirm", metavar="HASH", help="Make what was shown under this hash.")
@conventions
def init(call: Call, *, dry_run: bool, confirm: str | None) -> int:
    """Make what the target lacks.

    The object table, folders, and a Redis Cluster of the cache's servers if they are empty; those
    that hold keys are refused. Nothing that is there is changed or removed.

    Alone it prints its plan and a hash of 8 hex digits; --confirm HASH carries out that plan, and
    refuses with the difference if the target has changed since (5).
    """
    import asyncio

    from core.cli.output import answer, note
    from core.control.target_setup import apply, look

    seen = asyncio.run(look(call.workspace))
    if confirm is None or dry_run or not seen.missing:
        answer(call, seen, seen.lines())
        if seen.missing and not dry_run:
            note(call, f"to make it: vgwm target init --confirm {seen.hash}")
        return 0
    made = asyncio.run(apply(call.workspace, confirm))
    answer(call, made, made.lines())
    return 0
