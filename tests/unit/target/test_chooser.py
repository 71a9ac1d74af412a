"""Which nodes take the next bundle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CapacityExhausted, Denied
from core.target.breaker import FAULTS
from core.target.chooser import HOPELESS_S, STALE_S, Chooser, Look, NodeState, Turn
from core.target.peers import TargetNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.target.kubo import KuboClient

GB = 10**9


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Client:
    """As much of a client as a choice looks at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = f"http://{name}:5001"


def node(name: str) -> TargetNode:
    return TargetNode(
        name=name,
        kubo=cast("KuboClient", Client(name)),
        kubo_id=f"K{name}",
        peer=f"P{name}",
        peer_name=name,
        cluster=None,
    )


def chooser(
    free: Sequence[int], *, replication: int = 2, node_bundles: int = 2, clock: Clock | None = None
) -> Chooser:
    made = Chooser(replication=replication, node_bundles=node_bundles, clock=clock or Clock())
    for i, free_bytes in enumerate(free, 1):
        made.enroll([node(f"kubo-{i}")])
        look(made, f"kubo-{i}", free_bytes)
    return made


def look(made: Chooser, name: str, free_bytes: int, metric_ns: int = 1) -> None:
    made.observe(name, Look(state=NodeState.OK, free_bytes=free_bytes, metric_ns=metric_ns))


def names(nodes: tuple[TargetNode, ...] | None) -> list[str]:
    assert nodes is not None
    return [one.name for one in nodes]


def test_no_node_idles_while_two_others_are_full() -> None:
    made = chooser([50 * GB] * 3)
    taken = [names(made.choose(GB)) for _ in range(3)]
    assert sorted(name for pair in taken for name in pair) == sorted(
        ["kubo-1", "kubo-2", "kubo-3"] * 2
    )
    assert made.choose(GB) is None
    assert "kubo-1 has 2 bundles in flight" in made.why_not(GB)


def test_a_node_with_more_room_gets_more() -> None:
    made = chooser([90 * GB, 30 * GB, 30 * GB], replication=1)
    for _ in range(60):
        taken = names(made.choose(GB))
        made.release(taken, GB, sent=True)
    sent = {status.name: status.sent_bytes for status in made.status()}
    assert sent["kubo-1"] > 45 * GB
    assert sent["kubo-2"] == pytest.approx(sent["kubo-3"], abs=GB)


def test_replication_is_never_lowered() -> None:
    made = chooser([50 * GB, 50 * GB, 0])
    assert len(names(made.choose(GB))) == 2
    made.fault("kubo-1", "NodeUnreachable", "reset")
    assert made.choose(GB) is None
    assert "kubo-1 is unreachable: reset" in made.why_not(GB)
    assert "1 of 2 nodes" in made.why_not(GB)


def test_what_was_sent_counts_until_two_metrics_later() -> None:
    made = chooser([10 * GB], replication=1)
    made.release(names(made.choose(6 * GB)), 6 * GB, sent=True)
    assert made.choose(6 * GB) is None
    look(made, "kubo-1", 10 * GB, metric_ns=1)  # the same metric, looked at again
    assert made.choose(6 * GB) is None
    look(made, "kubo-1", 10 * GB, metric_ns=2)  # may have been taken before the bundle arrived
    assert made.choose(6 * GB) is None
    look(made, "kubo-1", 4 * GB, metric_ns=3)
    assert names(made.choose(3 * GB)) == ["kubo-1"]


def test_bytes_in_flight_are_room_taken() -> None:
    made = chooser([10 * GB], replication=1)
    taken = names(made.choose(6 * GB))
    assert made.choose(6 * GB) is None
    assert "kubo-1 has no room" in made.why_not(6 * GB)
    made.release(taken, 6 * GB, sent=False)
    assert names(made.choose(6 * GB)) == ["kubo-1"]


@pytest.mark.parametrize(
    ("kind", "wait_s", "state", "held_s"),
    [
        ("NodeUnreachable", 0, NodeState.UNREACHABLE, 1),
        ("NodeSlow", 0, NodeState.SLOW, 5),
        ("PinFailed", 0, NodeState.FAILING, 5),
        ("NodeBusy", 17, NodeState.BUSY, 17),
        ("CapacityExhausted", 0, NodeState.FULL, 60),
    ],
)
def test_a_fault_leaves_a_node_out_for_a_while(
    kind: str, wait_s: float, state: NodeState, held_s: float
) -> None:
    clock = Clock()
    made = chooser([GB * 9], replication=1, clock=clock)
    made.fault("kubo-1", kind, "why", wait_s=wait_s)
    clock.now_s += held_s - 0.1
    look(made, "kubo-1", GB * 9)  # a good look does not end it: the node failed at real work
    (status,) = made.status()
    assert (status.state, status.reason) == (state, "why; left out for 0 s more")
    assert made.choose(GB) is None
    clock.now_s += 0.2
    assert names(made.choose(GB)) == ["kubo-1"]


def test_i7_an_old_look_is_unknown_with_its_age() -> None:
    clock = Clock()
    made = chooser([GB * 9], replication=1, clock=clock)
    clock.now_s += STALE_S + 1
    (status,) = made.status()
    assert status.state is NodeState.UNKNOWN
    assert status.age_s == STALE_S + 1
    assert made.choose(GB) is None
    look(made, "kubo-1", GB * 9)
    assert made.choose(GB) is not None


def test_i7_a_node_never_looked_at_takes_nothing() -> None:
    made = Chooser(replication=1, node_bundles=2, clock=Clock())
    made.enroll([node("kubo-1")])
    (status,) = made.status()
    assert (status.state, status.age_s) == (NodeState.UNKNOWN, None)
    assert made.choose(0) is None


def test_enrolling_again_keeps_the_counts() -> None:
    made = chooser([9 * GB], replication=1, node_bundles=1)
    taken = names(made.choose(GB))
    made.enroll([node("kubo-1")])
    assert made.choose(GB) is None
    made.release(taken, GB, sent=True)
    assert made.status()[0].sent_bytes == GB


async def test_a_taker_waits_for_room_and_gets_it() -> None:
    made = chooser([9 * GB] * 2, node_bundles=1)
    first = await made.take(GB)
    waiting = [asyncio.create_task(made.take(GB)) for _ in range(2)]
    await asyncio.sleep(0)
    made.release([one.name for one in first], GB, sent=True)
    done, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(left)) == (1, 1)
    made.limit(2)
    await left.pop()


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_no_node_is_given_more_than_its_room_or_its_share(
    free: list[int], moves: list[tuple[int, bool]], replication: int, node_bundles: int
) -> None:
    made = chooser(free, replication=replication, node_bundles=node_bundles)
    out: list[tuple[list[str], int]] = []
    for size, give_back in moves:
        if give_back and out:
            back, bytes_back = out.pop(0)
            made.release(back, bytes_back, sent=True)
        elif (nodes := made.choose(size)) is not None:
            assert len(set(names(nodes))) == replication
            out.append((names(nodes), size))
        for status in made.status():
            held = [size for taken, size in out if status.name in taken]
            assert status.in_flight == len(held) <= node_bundles
            assert status.sent_bytes + sum(held) <= (status.free_bytes or 0)


def test_an_open_breaker_is_told_once_and_its_trial_is_one_bundle() -> None:
    clock, turns = Clock(), list[Turn]()
    made = chooser([50 * GB], replication=1, clock=clock)
    made.on_turn = turns.append
    for _ in range(FAULTS):
        made.fault("kubo-1", "NodeUnreachable", "reset")
    assert [turn.opened for turn in turns] == [True]
    assert "kubo-1 is left out for 5 s" in turns[0].text
    clock.now_s += 5
    assert made.status()[0].reason == "reset; on trial with one bundle"
    taken = names(made.choose(GB))
    assert made.choose(GB) is None
    assert "kubo-1 is unreachable" in made.why_not(GB)
    made.release(taken, GB, sent=True)
    assert [turn.opened for turn in turns] == [True, False]
    assert made.status()[0].state is NodeState.OK
    assert made.choose(GB) is not None


def test_a_node_whose_pins_failed_is_on_trial_until_a_pin_is_seen() -> None:
    clock, turns = Clock(), list[Turn]()
    made = chooser([50 * GB], replication=1, clock=clock)
    made.on_turn = turns.append
    made.fault("kubo-1", "PinFailed", "pin_error")
    clock.now_s += 5
    made.release(names(made.choose(GB)), GB, sent=True)
    assert made.choose(GB) is None
    made.pinned(["Pkubo-1"])
    assert [turn.opened for turn in turns] == [True, False]
    assert made.choose(GB) is not None


def test_how_long_a_node_is_down_and_who_else_is_well() -> None:
    clock = Clock()
    made = chooser([50 * GB] * 3, clock=clock)
    assert (made.down_s("Pkubo-2"), made.others(["Pkubo-2"])) == (0.0, 2)
    for _ in range(3):
        made.observe("kubo-2", Look(state=NodeState.UNREACHABLE, reason="reset"))
        clock.now_s += 10
    assert (made.down_s("Pkubo-2"), made.others(["Pkubo-1"])) == (30.0, 1)
    look(made, "kubo-2", GB)
    assert made.down_s("Pkubo-2") == 0.0


async def test_nodes_that_do_not_let_us_in_end_the_wait_with_what_to_do() -> None:
    clock = Clock()
    made = chooser([50 * GB] * 2, clock=clock)
    for name in ("kubo-1", "kubo-2"):
        made.observe(name, Look(state=NodeState.DENIED, reason="cluster-1 answered 401"))
    waiting = await waits(made, GB)
    clock.now_s += HOPELESS_S
    made.observe("kubo-1", Look(state=NodeState.DENIED, reason="cluster-1 answered 401"))
    with pytest.raises(Denied, match="cluster-1 answered 401"):
        await waiting


async def waits(made: Chooser, size_bytes: int) -> asyncio.Task[tuple[TargetNode, ...]]:
    """Begin to wait for nodes."""
    waiting = asyncio.create_task(made.take(size_bytes))
    await asyncio.sleep(0)
    return waiting


async def test_a_bundle_that_fits_nowhere_does_not_wait_for_ever() -> None:
    clock = Clock()
    made = chooser([GB, 2 * GB, 50 * GB], clock=clock)
    waiting = await waits(made, 4 * GB)
    clock.now_s += HOPELESS_S - 1
    look(made, "kubo-1", GB, metric_ns=2)
    look(made, "kubo-2", 2 * GB, metric_ns=2)
    await asyncio.sleep(0)
    assert not waiting.done()
    assert "kubo-2 has no room" in made.why_not(0)
    clock.now_s += 1
    made.observe("kubo-2", Look(state=NodeState.FULL, free_bytes=0, metric_ns=2))
    with pytest.raises(CapacityExhausted, match=r"1 of 2 nodes|0 of 2 nodes"):
        await waiting


async def test_a_bundle_waits_while_others_are_under_way_or_a_roomy_node_is_silent() -> None:
    clock = Clock()
    made = chooser([4 * GB, 50 * GB], clock=clock)
    taken = names(made.choose(3 * GB))
    waiting = await waits(made, 4 * GB)
    clock.now_s += 10 * HOPELESS_S
    look(made, "kubo-1", GB, metric_ns=2)
    await asyncio.sleep(0)
    assert not waiting.done()
    made.release(taken, 3 * GB, sent=True)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.now_s += 10 * HOPELESS_S
    look(made, "kubo-1", 50 * GB, metric_ns=3)
    made.observe("kubo-2", Look(state=NodeState.UNREACHABLE, reason="reset"))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
