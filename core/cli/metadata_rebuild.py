"""`vgwm metadata rebuild`: the object table made anew from what else there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call

_WORDS = ("ledger", "manifests", "pins")


class RebuildGiven(TypedDict):
    """The options of `vgwm metadata rebuild`, as click hands them over."""

    origin: str
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


@click.command()
@click.option(
    "--from",
    "origin",
    default="ledger",
    metavar="ledger|manifests|pins|DIR",
    help="What the rows are made of; ledger if not said.",
)
@click.option("--dry-run", is_flag=True, help="As without --confirm.")
@click.option("--confirm", metavar="HASH", help="Do it, if the plan is still this one.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def rebuild(call: Call, **given: Unpack[RebuildGiven]) -> int:
    """Make the object table anew, and keep the old one.

    ledger: the objects that it calls recorded, with the metadata of their manifests. manifests:
    the bundles that it names, and not its objects. pins: what the cluster pins for this workspace,
    or lies in the target's folder, without the ledger. DIR: a folder of bundles as .car files.
    Rows that others wrote are kept as they are.

    Alone it shows the plan and its hash; it acts with --confirm HASH only. A manifest that cannot
    be read stops it; then nothing is changed.
    """
    import asyncio
    from pathlib import Path

    from core.cli.keeping_plan import Given, act, path_text
    from core.control.wire.keeping import KeepingRequest
    from core.errors import BadInput

    origin = given["origin"]
    if not origin:
        raise BadInput(
            what="nobody said what to rebuild from",
            where="vgwm metadata rebuild",
            remedy=f"Say --from {', '.join(_WORDS)}, or a folder.",
        )
    if origin not in _WORDS:
        origin = path_text(Path(origin))
    request = KeepingRequest(actor=call.actor, act="rebuild", origin=origin)
    plain = Given(given["confirm"], given["dry_run"], given["detach"], given["foreground"])
    return asyncio.run(act(call, request, plain))
