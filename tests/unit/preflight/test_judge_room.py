"""Room on disks and nodes, at each border."""

from __future__ import annotations

import pytest

from core.preflight.judge_room import NodeRoom, capacity, folder_disk, workspace_disk
from core.verdict import Verdict

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
GB = 10**9


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(600_000, PASS), (599_999, WARN), (300_000, WARN), (299_999, FAIL), (0, FAIL)],
)
def test_the_ledgers_disk_wants_twice_300_bytes_an_object(free: int, verdict: Verdict) -> None:
    judged = workspace_disk(free_bytes=free, objects=1_000)
    assert judged.verdict is verdict
    assert bool(judged.remedy) is (verdict is not PASS)


@pytest.mark.parametrize(
    ("free", "same", "verdict"),
    [
        (5_000, False, PASS),
        (4_999, False, FAIL),
        (5_600, True, PASS),
        (5_599, True, WARN),
        (5_300, True, WARN),
        (5_299, True, FAIL),
    ],
)
def test_a_folders_disk_wants_the_bytes_and_the_ledger_if_it_lies_there(
    free: int, *, same: bool, verdict: Verdict
) -> None:
    judged = folder_disk(free_bytes=free, objects=1, size_bytes=5_000, same_disk=same)
    assert judged.verdict is verdict


def room(free: int, *, name: str = "kubo-1", disk: int = 10**18, used: int = 0) -> NodeRoom:
    return NodeRoom(name=name, used=used, limit=used + free, disk_free=disk)


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(800 * GB, PASS), (799 * GB, WARN), (667 * GB, WARN), (666 * GB, FAIL)],
)
def test_each_node_takes_1_2_times_its_share_of_all_copies(free: int, verdict: Verdict) -> None:
    nodes = [room(free, name="kubo-1"), *(room(9_000 * GB, name=f"kubo-{n}") for n in (2, 3))]
    judged = capacity(nodes, size_bytes=1_000 * GB, replication=2)
    assert judged.verdict is verdict
    assert "kubo-1" in judged.evidence
    assert ("StorageMax of kubo-1" in judged.remedy) is (verdict is not PASS)


def test_the_smaller_of_limit_and_disk_counts_and_the_remedy_names_it() -> None:
    nodes = [room(9_000 * GB, disk=100 * GB)]
    judged = capacity(nodes, size_bytes=1_000 * GB, replication=1)
    assert judged.verdict is FAIL
    assert "Add disk to kubo-1" in judged.remedy
    limited = capacity([room(10 * GB, disk=9_000 * GB)], size_bytes=1_000 * GB, replication=1)
    assert "StorageMax" in limited.remedy


def test_the_remedy_counts_what_the_repository_holds_already() -> None:
    judged = capacity([room(GB, used=500 * GB)], size_bytes=1_000 * GB, replication=1)
    assert "to 1.70 TB" in judged.remedy


def test_more_copies_than_nodes_are_one_a_node() -> None:
    judged = capacity([room(1_200 * GB)], size_bytes=1_000 * GB, replication=3)
    assert judged.verdict is PASS


def test_i7_a_node_that_does_not_answer_is_unknown_unless_another_is_too_small() -> None:
    silent = NodeRoom(name="kubo-2", fault="no answer in 4 s", remedy="Start kubo-2.")
    roomy = capacity([room(9_000 * GB), silent], size_bytes=GB, replication=2)
    small = capacity([room(1), silent], size_bytes=GB, replication=2)
    assert (roomy.verdict, small.verdict) == (UNKNOWN, FAIL)
    assert "kubo-2: no answer" in roomy.evidence
    assert roomy.remedy == "Start kubo-2."


@pytest.mark.parametrize(("free", "verdict"), [(9 * GB, UNKNOWN), (1, FAIL)])
def test_i7_a_disk_that_is_not_known_is_no_pass(free: int, verdict: Verdict) -> None:
    node = NodeRoom(name="kubo-1", limit=free)
    judged = capacity([node], size_bytes=GB, replication=1)
    assert judged.verdict is verdict
    assert "disk is not known" in judged.evidence
