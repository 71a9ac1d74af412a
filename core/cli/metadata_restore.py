"""`vgwm metadata restore`: the object table brought back from a backup; old tables dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call

_FILE = click.Path(path_type=Path, dir_okay=False)


class RestoreGiven(TypedDict):
    """The options of `vgwm metadata restore`, as click hands them over."""

    file: Path | None
    backup_file: Path | None
    drop_old: bool
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--backup-file", type=_FILE, metavar="F", help="The same as FILE.")
@click.option("--drop-old", is_flag=True, help="Remove the tables that stand beside those in use.")
@click.option("--dry-run", is_flag=True, help="As without --confirm.")
@click.option("--confirm", metavar="HASH", help="Do it, if the plan is still this one.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def restore(call: Call, **given: Unpack[RestoreGiven]) -> int:
    """Bring the object table back from a file of `metadata backup`.

    Alone it shows the plan and its hash; it acts with --confirm HASH only, and refuses with the
    difference if the world has moved (5). New tables are made beside those in use, compared row by
    row, and swapped in one step; the old ones are kept until --drop-old. A file that is cut off,
    changed, of another workspace, or a .sql dump: 2.
    """
    import asyncio

    from core.cli.keeping_plan import Given, act, path_text
    from core.control.wire.keeping import KeepingRequest
    from core.errors import BadInput

    names = [one for one in (given["file"], given["backup_file"]) if one is not None]
    if len(names) != (0 if given["drop_old"] else 1):
        raise BadInput(
            what="a restore takes one file, and --drop-old none",
            where="vgwm metadata restore",
            remedy="Name what `vgwm metadata backup` wrote, or say --drop-old alone.",
        )
    request = KeepingRequest(
        actor=call.actor,
        act="drop" if given["drop_old"] else "restore",
        file="" if given["drop_old"] else path_text(names[0]),
    )
    plain = Given(given["confirm"], given["dry_run"], given["detach"], given["foreground"])
    return asyncio.run(act(call, request, plain))
