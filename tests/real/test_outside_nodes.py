"""Nodes that hang, die, restart, fill up or refuse us amid a copy; each end is exact."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.lab.process import until
from tests.real.outside import LOOK_S, Hurt, Source, grow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.stack import Stack

LONG = os.environ.get("VGWM_LONG") == "1"
HUNG_S = 90 if LONG else 12

pytestmark = pytest.mark.timeout(400 if LONG else 240)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return grow(tmp_path_factory.mktemp("outside") / "gw")


@pytest.fixture
def hurt(source: Source, stack: Stack, tmp_path: Path) -> Iterator[Hurt]:
    copying = Hurt.begin(source, stack, tmp_path)
    with copying.vgwm:
        assert copying.left() > 0
        yield copying


def _kill_all(stack: Stack) -> None:
    for server in [part.server for part in stack.peers] + [part.server for part in stack.kubos]:
        server.kill()


def _start_all(stack: Stack) -> None:
    for kubo in stack.kubos:
        kubo.restart()
    for peer in stack.peers:
        peer.restart()


def _note_counts(hurt: Hurt) -> None:
    kinds = ("node_fault", "node_left_out", "pin_moved", "pin_recovered", "pin_posted_again")
    hurt.note(", ".join(f"{kind} {len(hurt.events(kind))}" for kind in (*kinds, "audit")))


def test_a_hung_kubo_stops_nothing_and_is_left_alone(hurt: Hurt, stack: Stack) -> None:
    since_s = time.monotonic()
    stack.kubos[2].server.stop()
    hurt.is_said("a hung Kubo", lambda: " pass ok " not in hurt.node(3), since_s=since_s)
    before = hurt.left()
    hurt.let_go()
    goes_s = time.monotonic()  # whatever it took to say it
    until("time that it hangs", lambda: time.monotonic() - goes_s >= HUNG_S, limit_s=HUNG_S + 9)
    assert hurt.left() <= before - 100, "the copy stood still"
    stack.kubos[2].server.cont()
    hurt.finish()
    _note_counts(hurt)
    assert len(hurt.events("node_fault")) <= 8, "it was hammered"
    hurt.prove()


@pytest.mark.parametrize("part", ["kubo", "cluster peer"])
def test_a_server_that_is_dead_for_good_holds_up_nobody(
    hurt: Hurt, stack: Stack, part: str
) -> None:
    dead = stack.kubos[1].server if part == "kubo" else stack.peers[1].server
    since_s = time.monotonic()
    dead.kill()
    hurt.is_said(f"a dead {part}", lambda: " pass ok " not in hurt.node(2), since_s=since_s)
    assert hurt.left() > 0
    hurt.finish()
    assert not dead.alive
    assert len(hurt.events("node_fault")) <= 8, "it was hammered"
    _note_counts(hurt)
    stack.heal()  # what it held before it died is looked at, too
    if part == "cluster peer":
        hurt.vgwm.run("copy")  # killed, it forgot its last seconds: that last look pins them again
    hurt.prove()


def test_all_servers_restart_full_and_the_job_waits_for_room_by_itself(
    hurt: Hurt, stack: Stack
) -> None:
    since_s = time.monotonic()
    _kill_all(stack)
    hurt.is_said(
        "that all are gone",
        lambda: all("unreachable" in hurt.node(n) for n in (1, 2, 3)),
        since_s=since_s,
    )
    with _storage_max(stack, "1MB"):
        _start_all(stack)
        until("paused for room", lambda: "no room: " in hurt.status(), limit_s=60, every_s=LOOK_S)
        assert "StorageMax" in hurt.status()
        assert hurt.left() > 0
    _start_all(stack)
    hurt.finish()
    jobs = hurt.events("job")
    assert any("copy is paused: no room" in text for text in jobs), jobs
    assert any("goes on by itself" in text for text in jobs), jobs
    hurt.prove()


@contextmanager
def _storage_max(stack: Stack, limit: str) -> Iterator[None]:
    for kubo in stack.kubos:
        kubo.set("Datastore.StorageMax", limit)
    try:
        yield
    finally:
        for kubo in stack.kubos:
            kubo.set("Datastore.StorageMax", stack.shape.storage_max)


def test_revoked_credentials_pause_the_job_until_they_are_back(hurt: Hurt, stack: Stack) -> None:
    try:
        for peer in stack.peers:
            peer.restart_with("another")
        since_s = time.monotonic()
        hurt.is_said("that we are refused", lambda: "no right: " in hurt.status(), since_s=since_s)
        shown = hurt.status()
        assert "answered 401" in shown
        assert stack.password not in shown
        assert hurt.left() > 0
    finally:
        for peer in stack.peers:
            peer.restart_with(stack.password)
    hurt.finish()
    assert any("goes on by itself" in text for text in hurt.events("job"))
    hurt.prove()
