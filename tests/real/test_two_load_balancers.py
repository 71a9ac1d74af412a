"""Two real load balancers, one of which fails: no split brain, said within 2 s, undone or retried.

Behind them stand two stand-ins that journal each write: what is proven is where requests go.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.config.workspace import parse
from core.control.crossing.cutover_told import across, across_why
from core.cutover.balancers import balancers
from core.cutover.fleet import Fleet, Outcome
from core.cutover.mode import Mode, Side
from core.cutover.risk import Risk
from core.cutover.rollback_plan import RollbackPlan
from core.cutover.runbook import runbook
from tests.real.balancer_pair import BLUE, GREEN, Pair, at, way
from tests.unit.cutover.test_rollback_plan import FACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.cutover.balancer import Balancer

SAID_WITHIN_S = 2.5  # the contract's 2 s, and what a busy machine adds


async def test_both_go_through_all_modes_and_back(pair: Pair) -> None:
    fleet = pair.fleet()
    assert await fleet.ready("1") == []
    assert fleet.listeners == tuple(lb.url for lb in pair.lbs)
    seen = []
    for mode, how in (
        (Mode.BLUE_RO, way(Mode.BLUE)),
        (Mode.GREEN_RO, way(Mode.BLUE_RO)),
        (Mode.GREEN, GREEN),
        (Mode.GREEN_RO, way(Mode.GREEN, Side.GREEN)),
        (Mode.BLUE_RO, way(Mode.GREEN_RO, Side.GREEN)),
        (Mode.BLUE, BLUE),
    ):
        moved = await fleet.reach((), mode, "1", how)
        assert moved.reached, moved.why
        statuses = await asyncio.to_thread(lambda: [pair.put(0), pair.put(1)])
        reads = await asyncio.to_thread(lambda: {pair.get(0), pair.get(1)})
        seen.append((mode, statuses, reads))
    assert seen == [
        (Mode.BLUE_RO, [503, 503], {"blue"}),
        (Mode.GREEN_RO, [503, 503], {"green"}),
        (Mode.GREEN, [200, 200], {"green"}),
        (Mode.GREEN_RO, [503, 503], {"green"}),
        (Mode.BLUE_RO, [503, 503], {"blue"}),
        (Mode.BLUE, [200, 200], {"blue"}),
    ]
    assert (len(pair.blue.journal), len(pair.green.journal)) == (2, 2)


async def test_a_bucket_goes_by_itself_and_copies_across_are_refused(pair: Pair) -> None:
    fleet = pair.fleet()
    await at(fleet, Mode.GREEN, ["photos"])
    assert (await fleet.read(["photos"])).mode is Mode.GREEN
    assert (await fleet.read(["docs"])).mode is Mode.BLUE
    whole = await fleet.read(())
    assert (whole.mode, whole.silent) == (None, ())
    assert whole.modes == {Mode.BLUE, Mode.GREEN}
    assert await asyncio.to_thread(lambda: [pair.get(0), pair.get(1, "/docs/a")]) == [
        "green",
        "blue",
    ]
    assert await asyncio.to_thread(copied, pair.lbs[0].url, "/photos/a", "docs/a") == 501
    assert await asyncio.to_thread(copied, pair.lbs[0].url, "/photos/a", "photos/b") == 200


def copied(url: str, to: str, source: str) -> int:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    line.request("PUT", to, headers={"x-amz-copy-source": source})
    status = line.getresponse().status
    line.close()
    return status


async def test_one_that_refuses_takes_the_other_back(pair: Pair) -> None:
    def forget_the_map() -> None:
        lb = pair.lbs[1]
        other = lb.folder / "other.map"
        other.write_text("/ blue\n")
        lb.config.write_text(lb.config.read_text().replace(str(lb.map), str(other)))
        lb.reload(pair.keeper)

    first, second = balancers(parse(pair.workspace_text()))
    fleet = pair.fleet((first, Struck(second, forget_the_map)))
    began_s = time.monotonic()
    moved = await fleet.reach((), Mode.BLUE_RO, "1", way(Mode.BLUE))
    assert (moved.outcome, pair.lbs[0].met("photos")) == (Outcome.UNSETTLED, "blue")
    assert "lb-2: show map was refused: Unknown map identifier" in moved.why
    assert pair.said[0][0] - began_s < SAID_WITHIN_S
    assert await asyncio.to_thread(lambda: [pair.put(0), pair.put(1)]) == [200, 200]
    assert [trouble.name for trouble in await fleet.ready("1")] == ["lb-2"]


async def test_one_that_hangs_keeps_a_step_from_beginning(pair: Pair) -> None:
    fleet = pair.fleet()
    await at(fleet, Mode.GREEN_RO)
    pair.lbs[1].server.stop()
    began_s = time.monotonic()
    moved = await fleet.reach((), Mode.GREEN, "1", BLUE)
    assert (moved.outcome, pair.lbs[0].met("photos")) == (Outcome.REFUSED, "green_ro")
    assert pair.said[0][0] - began_s < SAID_WITHIN_S
    assert "no answer in 2 s" in moved.why
    pair.lbs[1].server.cont()
    assert (await fleet.reach((), Mode.GREEN, "1", BLUE)).outcome is Outcome.REACHED


class Struck:
    """A load balancer to which something happens at the moment when it is first told a mode."""

    def __init__(self, inner: Balancer, blow: Callable[[], None]) -> None:
        self.name, self.modes, self.listeners = inner.name, inner.modes, inner.listeners
        self.ready, self.get = inner.ready, inner.get
        self.busy, self.under_way = inner.busy, inner.under_way
        self._inner, self._blow = inner, blow
        self._struck = False

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        if not self._struck:
            self._struck = True
            self._blow()
        await self._inner.set(buckets, mode, run)


async def test_i10_one_that_hangs_in_the_switch_and_wakes_later_is_told_again(pair: Pair) -> None:
    await at(pair.fleet(), Mode.GREEN_RO)
    first, second = balancers(parse(pair.workspace_text()))
    fleet = pair.fleet((first, Struck(second, pair.lbs[1].server.stop)))
    began_s = time.monotonic()
    moved = await fleet.reach((), Mode.GREEN, "1", GREEN)
    assert moved.outcome is Outcome.UNSETTLED
    assert (pair.said[0][1].name, pair.lbs[0].met("photos")) == ("lb-2", "green")
    assert pair.said[0][0] - began_s < SAID_WITHIN_S
    assert await asyncio.to_thread(pair.put, 0) == 200
    pair.lbs[1].server.cont()
    again = await pair.fleet().reach((), Mode.GREEN, "1", GREEN)
    assert again.reached, again.why
    assert await asyncio.to_thread(pair.put, 1) == 200
    assert pair.blue.journal == []


async def test_one_that_dies_in_a_step_takes_the_other_back_and_starts_with_the_file(
    pair: Pair,
) -> None:
    first, second = balancers(parse(pair.workspace_text()))
    fleet = pair.fleet((first, Struck(second, pair.lbs[1].server.kill)))
    moved = await fleet.reach((), Mode.BLUE_RO, "1", way(Mode.BLUE))
    assert moved.outcome is Outcome.UNSETTLED
    assert pair.lbs[0].met("photos") == "blue"
    assert pair.lbs[1].map.read_text().startswith("/ blue\n")
    pair.lbs[1].restart()
    assert (await fleet.read(())).mode is Mode.BLUE


async def test_a_reload_and_a_restart_keep_the_fence_and_are_noticed(pair: Pair) -> None:
    fleet = pair.fleet()
    await at(fleet, Mode.BLUE_RO)
    before = await fleet.read(())
    pair.lbs[0].reload(pair.keeper)
    await asyncio.to_thread(pair.lbs[1].server.kill)
    dead = await fleet.read(())
    assert [trouble.name for trouble in dead.silent] == ["lb-2"]
    pair.lbs[1].restart()
    after = await fleet.read(())
    assert (after.mode, after.reloaded(before)) == (Mode.BLUE_RO, ("lb-1", "lb-2"))
    assert await asyncio.to_thread(lambda: [pair.put(0), pair.put(1)]) == [503, 503]


async def test_i7_a_file_that_does_not_say_what_it_does_is_unknown_and_is_mended(
    pair: Pair,
) -> None:
    """A reload that read the file a moment too early, or somebody's hand."""
    fleet = pair.fleet()
    await at(fleet, Mode.BLUE_RO)
    fenced = pair.lbs[1].map.read_text()
    pair.lbs[1].map.write_text(fenced.replace("blue_ro", "blue"))
    pair.lbs[1].reload(pair.keeper)
    pair.lbs[1].map.write_text(fenced)
    told = await fleet.read(())
    assert (told.mode, told.silent[0].name) == (None, "lb-2")
    refused = await fleet.reach((), Mode.GREEN_RO, "1", way(Mode.BLUE_RO))
    assert refused.outcome is Outcome.REFUSED
    assert (await fleet.reach((), Mode.BLUE_RO, "1", BLUE)).reached
    assert await asyncio.to_thread(pair.put, 1) == 503


async def test_i8_somebody_elses_map_is_refused_and_the_other_goes_back(pair: Pair) -> None:
    fleet = pair.fleet()
    await at(fleet, Mode.BLUE_RO)
    other = Fleet(balancers(parse(pair.workspace_text("deadbeef"))))
    found = await other.ready("1")
    assert [trouble.name for trouble in found] == ["lb-1", "lb-2"]
    assert "another workspace: 9f2c1a7e.1" in found[0].why
    moved = await other.reach((), Mode.BLUE, "1", BLUE)
    assert "another workspace" in moved.why
    assert [lb.met("photos") for lb in pair.lbs] == ["blue_ro", "blue_ro"]


async def test_a_broken_configuration_is_named_before_anything_is_done(pair: Pair) -> None:
    with pair.lbs[1].config.open("a") as file:
        file.write("frontend broken\n  nonsense\n")
    (trouble,) = await pair.fleet().ready("1")
    assert trouble.name == "lb-2"
    assert "haproxy -c refuses" in trouble.why
    assert pair.lbs[0].map.read_text() == "/ blue\n"


async def test_copies_between_the_sides_are_refused_and_counted(pair: Pair) -> None:
    fleet = pair.fleet()
    seen = [(await fleet.read(())).told[0].across]
    await at(fleet, Mode.GREEN, ("photos",))
    url = pair.lbs[0].url
    copies = [asyncio.to_thread(copied, url, to, "/docs/a") for to in ("/photos/b", "/docs/b")]
    assert [await one for one in copies] == [501, 200]
    seen.append((await fleet.read(())).told[0].across)
    config = pair.lbs[0].config
    config.write_text(config.read_text().replace("across", "elsewhere"))
    pair.lbs[0].reload(pair.keeper)
    told = (await fleet.read(("photos",))).told[0]
    seen.append(told.across)
    assert (seen, told.mode) == ([0, 1, None], Mode.GREEN)
    both = (await fleet.read(("photos",))).told
    assert (across(both), across_why(both)) == (None, "no backend across at lb-1")
    pair.lbs[1].server.kill()
    both = (await fleet.read(("photos",))).told[1:]
    assert (across(both), across_why(both)) == (None, "no answer from lb-2")
    assert across_why(()) == "no load balancer was heard"


async def test_by_hand_everything_is_every_line_of_a_running_map(
    pair: Pair, tmp_path: Path
) -> None:
    fleet = pair.fleet()
    await at(fleet, Mode.GREEN, ("photos",))  # the line `/` is at blue still
    plan = RollbackPlan(
        facts=replace(FACTS, buckets=()),
        risk=Risk(since_ns=1),
        steps=(),
        seconds=1.0,
        pause_s=1.0,
        word="ws",
    )
    text = runbook(plan, parse(pair.workspace_text()), tmp_path)
    first = text.split("```")[1]
    socat = tmp_path / "socat"
    socat.write_text(f"#!{sys.executable}\n{SOCAT}")
    socat.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = await asyncio.to_thread(
        subprocess.run, ["/bin/sh", "-ec", first], env={"PATH": path}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    told = await fleet.balancers[0].get(())
    assert (told.mode, told.why) == (Mode.GREEN_RO, "")
    assert [pair.lbs[0].met(bucket) for bucket in ("photos", "other")] == ["green_ro"] * 2
    assert pair.lbs[1].met("photos") == "green"


SOCAT = """import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[-1])
line.sendall(sys.stdin.buffer.read())
line.shutdown(socket.SHUT_WR)
while part := line.recv(65536):
    sys.stdout.buffer.write(part)
"""
"""Does what the runbook asks of socat, which is not everywhere."""
