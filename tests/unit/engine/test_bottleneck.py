"""The line `limit`: which stage bounds the copy, with its figures, by where the time went."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from core.engine.pace.bottleneck import (
    BANDWIDTH,
    IDLE,
    READ,
    SEND,
    STORE,
    Bounds,
    Look,
    bottleneck,
    stall,
)

FREE = Bounds()
MB = 10**6


def looks(at: dict[str, int], *, full: str = "", cpu: float | None = 0.3) -> list[Look]:
    """Return ten seconds of workers that stay where they are, 50 MB/s read and 40 MB/s sent."""
    return [
        Look(
            at_s=float(second),
            at=Counter(at),
            full=full,
            cpu=cpu,
            read_bytes=second * 50 * MB,
            sent_bytes=second * 40 * MB,
            bundles=second * 4,
        )
        for second in range(11)
    ]


def sending(**nodes: int) -> list[Look]:
    some = looks({SEND: sum(nodes.values()), READ: 1})
    return [replace(look, sending=Counter(nodes)) for look in some]


def test_nothing_seen_is_nothing_said() -> None:
    assert bottleneck([], FREE) == ""


def test_what_stands_still_says_why_before_all_else() -> None:
    still = Bounds(still="paused by op1", table="no answer", lag_s=9.0)
    assert bottleneck(looks({READ: 4}), still) == "paused by op1"


def test_no_workers_are_a_bound_too() -> None:
    assert bottleneck(looks({}), FREE) == "workers: none runs"


@pytest.mark.parametrize(
    ("seen", "bounds", "told"),
    [
        (looks({READ: 4}), Bounds(table="ydb-1 gave no answer"), "table: ydb-1 gave no answer"),
        (looks({READ: 4}), Bounds(lag_s=3.14), "ledger: its writer is 3.1 s behind"),
        (
            looks({BANDWIDTH: 3, READ: 1}),
            Bounds(bytes_s=40 * MB),
            "bandwidth: 40.0 MB/s allowed, 40.0 MB/s sent; workers wait for it 75 % of the time",
        ),
        (
            looks({IDLE: 2, SEND: 1, READ: 1}, full="pins: 64 of 64"),
            Bounds(pins=64, pins_most=64),
            "pins: 64 of 64 wait, 4.0 bundles/s are seen pinned; workers idle 50 %",
        ),
        (
            looks({IDLE: 1, SEND: 3}, full="memory"),
            Bounds(inflight_bytes=512 * MB),
            "memory: 512 MB in flight is the most; workers idle 25 %",
        ),
        (
            looks({IDLE: 4}, full="kubo-2 is full"),
            FREE,
            "kubo-2 is full; workers idle 100 %",
        ),
        (
            looks({STORE: 3, READ: 1}),
            FREE,
            "target disk: storing takes 75 % of the workers' time, 40.0 MB/s",
        ),
        (
            sending(a=1, b=4, c=1),
            FREE,
            (
                "node b: 66 % of all sending waits for it;"
                " sending takes 86 % of the workers' time, 40.0 MB/s sent"
            ),
        ),
        (
            sending(a=2, b=2, c=2),
            FREE,
            "link: sending takes 86 % of the workers' time, 40.0 MB/s sent to 3 nodes alike",
        ),
        (
            looks({READ: 4}, cpu=0.97),
            FREE,
            (
                "CPU: 97 % of this host is busy;"
                " reading and hashing takes 100 % of the workers' time, 50.0 MB/s"
            ),
        ),
        (
            looks({READ: 3, IDLE: 1}, cpu=0.34),
            FREE,
            (
                "source: reading and hashing takes 75 % of the workers' time with CPU at 34 %,"
                " 50.0 MB/s"
            ),
        ),
        (
            looks({READ: 4}, cpu=None),
            FREE,
            (
                "read and hash: reading and hashing takes 100 % of the workers' time, 50.0 MB/s;"
                " CPU unknown"
            ),
        ),
        (
            looks({IDLE: 4}),
            Bounds(walking=True),
            "plan: workers wait 100 % of the time for what the walk finds",
        ),
        (
            looks({IDLE: 4}),
            Bounds(pins=3, pins_most=64),
            "pins: 3 bundles wait for nothing else; workers wait 100 % of the time",
        ),
        (looks({IDLE: 4}), FREE, "no work: workers wait 100 % of the time for a bundle"),
        (
            looks({READ: 4, SEND: 3, IDLE: 3}),
            FREE,
            "no single stage: read 40 %, send 30 %, idle 30 % of the workers' time",
        ),
    ],
)
def test_each_stage_is_named_with_its_figures(seen: list[Look], bounds: Bounds, told: str) -> None:
    assert bottleneck(seen, bounds) == told


def test_a_bound_that_was_met_for_a_moment_is_none() -> None:
    seen = looks({READ: 3, IDLE: 1})
    seen[-1] = replace(seen[-1], full="pins: 64 of 64")
    assert bottleneck(seen, Bounds(pins=64, pins_most=64)).startswith("source: ")


def test_a_full_bound_with_busy_workers_bounds_nothing() -> None:
    seen = looks({READ: 4}, full="memory")
    assert bottleneck(seen, FREE).startswith("source: ")


SEND_HANGS = "kubo-2: takes no byte and says no word"


@pytest.mark.parametrize(
    ("bounds", "stuck", "held", "told"),
    [
        (Bounds(still="paused by op1", pins=3), [SEND_HANGS], "", "paused by op1"),
        (Bounds(table="no answer", pins=3), [], "table", "table: no answer"),
        (Bounds(pins=3), [SEND_HANGS] * 2, "memory", f"{SEND_HANGS}; 2 of 4 workers"),
        (Bounds(pins=3), [], "", "pins: 3 bundles wait until their peers say pinned"),
        (FREE, [], "kubo-1, kubo-2 are full", "kubo-1, kubo-2 are full"),
        (FREE, [], "", "source: reads take all of the time"),
    ],
)
def test_a_stall_names_its_cause_before_what_follows_from_it(
    bounds: Bounds, stuck: list[str], held: str, told: str
) -> None:
    limit = "source: reads take all of the time"
    assert stall(bounds, stuck=stuck, workers=4, held=held, limit=limit) == told


def test_i7_a_stall_without_a_reason_says_so() -> None:
    assert stall(FREE, stuck=[], workers=4, held="", limit="") == "no reason known"
