"""I5: `kill -9` at each row of a commit, at its report, and at the end of green's notes."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from core.cutover.machine import Step, standing
from core.cutover.states import State
from core.ledger import flip_marks
from core.ledger.connection import open_reader
from core.ledger.cutovers import flips, of_run
from tests.faults import commit_edges, cutover_edges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.cutover.machine import Standing

pytestmark = pytest.mark.timeout(120)


@contextmanager
def lives(folder: Path) -> Iterator[Callable[[int], tuple[int, str]]]:
    """Let engines live one after the other; each says its edges, or where it died."""
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.faults.commit_edges", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    told, heard = child.stdin, child.stdout

    def live(kill_at: int) -> tuple[int, str]:
        told.write(f"{kill_at}\n")
        told.flush()
        count, _, label = heard.readline().rstrip("\n").split(" ", 2)
        return int(count), label

    try:
        yield live
    finally:
        told.close()
        code = child.wait(timeout=60)
        heard.close()
    assert code == 0


def test_i5_a_commit_killed_at_any_edge_is_green_live_or_committed_and_its_successor_ends_it(
    tmp_path: Path,
) -> None:
    with lives(tmp_path) as live:
        edges, _ = live(0)
        assert edges == 5
        _judge(tmp_path, "no edge")
        seen = set()
        for edge in range(1, edges + 1):
            _renew(tmp_path)
            _, label = live(edge)
            assert label, f"edge {edge} was not met"
            seen.add(_stands(tmp_path).state)
            assert _is_at_green(tmp_path), label
            for report in tmp_path.glob("reports/cutover-*.json"):
                json.loads(report.read_bytes())  # whole, or not there
            live(0)
            _judge(tmp_path, label)
            again, _ = live(0)
            assert again == 0, f"{label}: a third engine did something"
    assert seen == {State.GREEN_LIVE, State.COMMITTED}


def _judge(folder: Path, where: str) -> None:
    """See that it is committed, once, with one report; and that green's notes have ended."""
    at = _stands(folder)
    assert at.state is State.COMMITTED, where
    assert Step.REPORT in at.done, where
    assert _is_at_green(folder), where
    [report] = folder.glob("reports/*")
    told = json.loads(report.read_bytes())
    assert told["removed"] == [], where
    assert told["may_be_taken_down"] == [f"posix:{folder}/gw"], where
    assert (folder / commit_edges.KEPT).exists(), where


def _renew(folder: Path) -> None:
    for path in folder.glob(f"{cutover_edges.LEDGER}*"):
        path.unlink()
    for path in folder.glob("reports/*"):
        path.unlink()
    flip_marks.beside(folder / cutover_edges.LEDGER).unlink(missing_ok=True)
    (folder / commit_edges.KEPT).unlink(missing_ok=True)


def _stands(folder: Path) -> Standing:
    conn = open_reader(folder / cutover_edges.LEDGER)
    try:
        found = standing(of_run(conn, cutover_edges.RUN))
    finally:
        conn.close()
    assert found is not None
    return found


def _is_at_green(folder: Path) -> bool:
    conn = open_reader(folder / cutover_edges.LEDGER)
    try:
        return [row.slice for row in flips(conn)] == ["all"]
    finally:
        conn.close()
