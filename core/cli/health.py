"""`vgwm health`: how each component is now. Read-only, within two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.cli.call import Call
    from core.control.probes import Questions
    from core.control.wire_probes import ProbeRow

COMPONENTS = ("all", "ipfs", "kubo", "metadata", "cache", "gateway", "network", "lb", "host")


@click.command()
@click.argument("component", type=click.Choice(COMPONENTS), default="all")
@conventions
def health(call: Call, *, component: str) -> int:
    """Ask each component how it is.

    Reads only, all at once, each answer within two seconds. A line per answer: state, component,
    check, endpoint, what was found, its age, and what to do. Exit 1 if one failed, 4 if none did
    but one is unknown. ipfs is the Kubo nodes and the cluster.
    """
    from core.control.probes import health as ask

    return tell(call, lambda folder: ask(folder, component))


def tell(call: Call, choose: Callable[[Path], Questions]) -> int:
    """Ask what was chosen for the workspace, print each answer as it comes, and judge them."""
    import asyncio

    from core.cli.output import listing, note
    from core.control.probes import Tally, rows

    tally = Tally()
    asked = choose(call.workspace)

    async def run() -> None:
        async for row in rows(asked, tally):
            listing(call, [row], lines(row))

    asyncio.run(run())
    note(call, tally.text)
    return tally.exit_code


def lines(row: ProbeRow) -> list[str]:
    """Return an answer as plain lines: what was found, and below it what to do."""
    from core.control.fact import State
    from core.display import age

    whom = f"{row.endpoint}  " if row.endpoint else ""
    said = (
        f"{State(row.state).glyph} {row.state:<7} {row.component:<8} {row.check:<9} "
        f"{whom}{row.evidence}  ({age(row.age_s)} ago)"
    )
    return [said, f"    do: {row.remedy}"] if row.remedy else [said]
