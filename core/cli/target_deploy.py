"""`vgwm target deploy`: a target for one host, as files; started where Docker answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call


class DeployGiven(TypedDict):
    """The options of `vgwm target deploy`, as click hands them over."""

    nodes: int
    output: Path
    listen: str
    storage_max: str
    replication_min: int | None
    replication_max: int | None
    port_offset: int
    up: bool
    force: bool
    dry_run: bool


@click.command()
@click.option("--nodes", type=click.IntRange(1, 9), default=3, show_default=True, metavar="N")
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="DIR")
@click.option(
    "--listen",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where all of it listens; nodes obey whoever reaches them there.",
)
@click.option(
    "--storage-max", default="", metavar="SIZE", help="Of each node; else 80 % of DIR's disk."
)
@click.option("--replication-min", type=int, metavar="N", help="Least copies; else 2.")
@click.option("--replication-max", type=int, metavar="N", help="Most copies; else 3.")
@click.option(
    "--port-offset",
    type=click.IntRange(0, 49_000),
    default=0,
    metavar="N",
    help="Added to every port, where the usual ones are taken.",
)
@click.option("--up", is_flag=True, help="Start it by Docker Compose, then check it.")
@click.option("--force", is_flag=True, help="Replace files that differ; they are kept beside.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@conventions
def deploy(call: Call, **given: Unpack[DeployGiven]) -> int:
    """Write a target into DIR: nodes, cluster, cache and table, with pinned versions.

    A Compose file and systemd units, settings of each node and peer, their secrets in files that
    only you read. A second call changes nothing. --up needs Docker 20.10 with Compose 2, and ends
    with 4 where they do not answer.
    """
    import asyncio

    from core.cli.output import answer
    from core.control.deploy_desk import Wish, is_target_of, lines
    from core.control.deploy_desk import deploy as write

    wish = Wish(
        nodes=given["nodes"],
        output=given["output"],
        listen=given["listen"],
        storage_max=given["storage_max"],
        replication_min=given["replication_min"],
        replication_max=given["replication_max"],
        port_offset=given["port_offset"],
    )
    told = asyncio.run(write(wish, force=given["force"], dry_run=given["dry_run"], up=given["up"]))
    answer(call, told, lines(told))
    if told.started and call.folder is not None and is_target_of(call.folder, told):
        from core.cli.health import tell
        from core.control.probes import check

        return tell(call, check(call.workspace, "all"))
    return 0
