"""`vgwm check`: the deep questions. They write canaries, and remove them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from core.cli.call import Call

_BANDWIDTH = click.option(
    "--bandwidth",
    metavar="TIME",
    help="Also send bytes to each Kubo node for so long (10s); they are kept nowhere.",
)


@click.group()
def check() -> None:
    """Test components in depth.

    What `vgwm health` asks, and more: canaries are written, read back and removed again, also
    after Ctrl-C, and by the next check after a kill. Exit 1 if one failed, 4 if none did but one is
    unknown.
    """


@check.command()
@conventions
def cluster(call: Call) -> int:
    """Test peers and Kubo nodes.

    Each endpoint's identity, credentials, version, metrics and settings; then a canary: imported
    to every node, pinned, seen pinned, read from each node, unpinned.
    """
    return _check(call, "cluster")


@check.command()
@conventions
def metadata(call: Call) -> int:
    """Test the object table: schema, a canary row, latency, clock."""
    return _check(call, "metadata")


@check.command()
@conventions
def cache(call: Call) -> int:
    """Test the cache: cluster state, slots, a canary on each master, eviction."""
    return _check(call, "cache")


@check.command()
@_BANDWIDTH
@conventions
def network(call: Call, *, bandwidth: str | None) -> int:
    """Test the way to each server: name, port, certificate, HTTP, round trip, loss, bandwidth."""
    return _check(call, "network", bandwidth)


@check.command("all")
@_BANDWIDTH
@conventions
def everything(call: Call, *, bandwidth: str | None) -> int:
    """Test all of these, the gateways, the load balancers and the host."""
    return _check(call, "all", bandwidth)


def _check(call: Call, group: str, bandwidth: str | None = None) -> int:
    from core.cli.health import tell
    from core.control.probes import check as ask
    from core.control.probes import seconds

    bandwidth_s = seconds(bandwidth) if bandwidth else 0.0
    return tell(call, ask(call.workspace, group, bandwidth_s=bandwidth_s))
