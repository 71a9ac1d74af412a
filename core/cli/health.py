"""`vgwm health`: how each component is now. Read-only, within two seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions
from core.cli.secrets import refuse_credentials, secret_option
from core.errors import BadInput

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.probes import Questions
    from core.control.wire.probes import ProbeRow

COMPONENTS = ("all", "ipfs", "kubo", "metadata", "cache", "gateway", "network", "lb", "host")


class EndpointGiven(TypedDict):
    """The options that name a gateway of no workspace, as click hands them over."""

    endpoint: str | None
    access_key_env: str | None
    secret_key_ref: str | None
    ca_file: Path | None


@click.command()
@click.argument("component", type=click.Choice(COMPONENTS), default="all")
@click.option(
    "--endpoint",
    metavar="URL",
    callback=refuse_credentials,
    help="Ask this gateway, of no workspace; with: gateway.",
)
@click.option("--access-key-env", metavar="NAME", help="Its access key: else AWS_ACCESS_KEY_ID.")
@secret_option("secret-key", "Its secret, else AWS_SECRET_ACCESS_KEY")
@click.option(
    "--ca-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Authority that signed its certificate.",
)
@conventions
def health(call: Call, *, component: str, **given: Unpack[EndpointGiven]) -> int:
    """Ask each component how it is.

    Reads only, all at once, each answer within two seconds. A line per answer: state, component,
    check, endpoint, what was found, its age, and what to do. Exit 1 if one failed, 4 if none did
    but one is unknown. ipfs is the Kubo nodes and the cluster.
    """
    from core.control.probes import endpoint
    from core.control.probes import health as ask

    if given["endpoint"] is None:
        if any(given.values()):
            raise BadInput(
                what="keys and an authority, and no endpoint",
                where="vgwm health",
                remedy="Name the gateway: --endpoint URL.",
            )
        return tell(call, ask(call.workspace, component))
    if component not in {"all", "gateway"}:
        raise BadInput(
            what=f"--endpoint names a gateway, no {component}",
            where="vgwm health",
            remedy="Write: vgwm health gateway --endpoint URL",
        )
    return tell(call, endpoint(**given))


def tell(call: Call, asked: Questions) -> int:
    """Ask, print each answer as it comes, and judge them."""
    import asyncio

    from core.cli.output import listing, note
    from core.control.probes import Tally, bound_lookups, rows

    tally = Tally()

    async def run() -> None:
        async for row in rows(asked, tally):
            listing(call, [row], lines(row))

    bound_lookups()
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
