"""A load balancer that is dead for good counts no more once vgwm.yaml drops it, and not before.

Real HAProxy: what its process, its socket, its listener and its map say. One writer all the while.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.config.workspace import parse
from core.cutover import balancers
from core.cutover.fleet import Outcome
from core.cutover.haproxy_config import checked
from core.cutover.mode import Mode
from tests.real.balancer_pair import BLUE, GREEN, Pair, at

if TYPE_CHECKING:
    from pathlib import Path

    from core.cutover.fleet import Fleet

NAMED_NO_MORE: Final = "vgwm.yaml names it no more"


def _fleet(pair: Pair, file: Path) -> Fleet:
    file.write_text(pair.workspace_text())
    return balancers.fleet(
        parse(pair.workspace_text()),
        say=lambda trouble: pair.said.append((0.0, trouble)),
        file=file,
    )


def _drop(pair: Pair, file: Path) -> None:
    """Take the second one out of vgwm.yaml, as a person does."""
    file.write_text(file.read_text().replace(f", {pair.lbs[1].entry}", ""))


def _said(pair: Pair) -> str:
    return "\n".join(trouble.why for _, trouble in pair.said if trouble.name == "lb-2")


async def test_i10_a_switch_goes_on_without_one_that_is_dead_for_good(
    pair: Pair, tmp_path: Path
) -> None:
    file = tmp_path / "vgwm.yaml"
    fleet, dead = _fleet(pair, file), pair.lbs[1]
    await at(fleet, Mode.GREEN_RO)
    dead.server.kill()
    for _ in range(2):
        moved = await fleet.reach((), Mode.GREEN, "1", GREEN)
        assert moved.outcome is Outcome.UNSETTLED
    assert NAMED_NO_MORE not in _said(pair)
    _drop(pair, file)
    assert (await fleet.reach((), Mode.GREEN, "1", GREEN)).outcome is Outcome.UNSETTLED
    assert f"move its map {dead.map} away" in _said(pair)
    assert await checked(dead.config) == ""
    dead.map.rename(tmp_path / "kept.map")
    assert "refuses its configuration" in await checked(dead.config)  # no HAProxy starts by it
    moved = await fleet.reach((), Mode.GREEN, "1", GREEN)
    assert moved.reached, moved.why
    assert (fleet.names, fleet.listeners) == (("lb-1",), (pair.lbs[0].url,))
    assert "dead for good" in _said(pair)
    assert await asyncio.to_thread(pair.put, 0) == 200
    assert pair.blue.journal == []
    back = _fleet(pair, tmp_path / "other.yaml")  # the way back's, of the same engine
    _drop(pair, tmp_path / "other.yaml")
    for mode in (Mode.GREEN_RO, Mode.BLUE_RO, Mode.BLUE):
        moved = await back.reach((), mode, "1", BLUE)
        assert moved.reached, moved.why


async def test_i10_one_that_may_still_pass_writes_counts_on_whatever_vgwm_yaml_says(
    pair: Pair, tmp_path: Path
) -> None:
    file = tmp_path / "vgwm.yaml"
    fleet, silent = _fleet(pair, file), pair.lbs[1]
    await at(fleet, Mode.GREEN_RO)
    _drop(pair, file)
    kept = silent.map.rename(tmp_path / "kept.map")
    silent.server.stop()  # it hangs: what it was told may be done when it wakes
    await _counts_on(pair, fleet, "it runs: it listens at its socket")
    place = silent.socket.rename(silent.socket.with_name("elsewhere"))
    await _counts_on(pair, fleet, "nobody knows whether it runs")
    silent.server.kill()
    await _counts_on(pair, fleet, "nobody knows whether it runs")
    place.rename(silent.socket)
    url = urlsplit(silent.url)
    with socket.create_server((url.hostname or "", url.port or 0)):  # such as an old worker
        await _counts_on(pair, fleet, f"{silent.url} does not refuse connections")
    kept.rename(silent.map)
    await _counts_on(pair, fleet, "can be started")
    silent.map.unlink()
    file.write_text("v: 1\nid: nonsense\n")
    pair.said.clear()
    assert (await fleet.read(())).silent
    assert NAMED_NO_MORE not in _said(pair)
    file.unlink()
    assert fleet.names == ("lb-1", "lb-2")


async def test_i10_the_last_one_is_never_left_behind(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "vgwm.yaml"
    fleet = _fleet(pair, file)
    file.write_text(file.read_text().partition("traffic:")[0])
    for lb in pair.lbs:
        lb.server.kill()
        lb.map.unlink()
    assert (await fleet.read(())).silent
    assert len(fleet.names) == 1
    moved = await fleet.reach((), Mode.GREEN, "1", GREEN)
    assert not moved.reached


async def test_one_that_was_ended_in_order_is_dead_as_well(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "vgwm.yaml"
    fleet = _fleet(pair, file)
    await at(fleet, Mode.GREEN_RO)
    await asyncio.to_thread(pair.lbs[1].server.end)
    pair.lbs[1].map.unlink()
    _drop(pair, file)
    moved = await fleet.reach((), Mode.GREEN, "1", GREEN)
    assert moved.reached, moved.why


async def _counts_on(pair: Pair, fleet: Fleet, why: str) -> None:
    pair.said.clear()
    seen = await fleet.read(())
    assert [trouble.name for trouble in seen.silent] == ["lb-2"]
    assert fleet.names == ("lb-1", "lb-2")
    assert why in _said(pair)
