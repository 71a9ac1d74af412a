"""`kill -9` of the engine in a real cutover under load: blue writes again, or green does (I10).

Real VersityGW, HAProxy, Kubo, cluster, and clients that never stop; the engine is a process of its
own, started again as a supervisor would.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from core.control.daemon import running_pid
from core.cutover.limits import LEAST_PAUSE_S
from tests.lab.load import proofs
from tests.lab.load.sides import BLUE, GREEN
from tests.lab.process import until
from tests.lab.rehearsal.story import Story

if TYPE_CHECKING:
    from tests.lab.rehearsal.ground import Ground

pytestmark = pytest.mark.timeout(360)

SEED: Final = 20261127
BACK_S: Final = LEAST_PAUSE_S
"""Longest that clients may wait for an engine that is started at once: as any pause of a plan."""


def test_i10_a_killed_engine_leaves_one_writer_and_the_next_gives_it_its_turn(lab: Ground) -> None:
    story = Story(lab, seed=SEED, say=print)
    with story.clients():
        story.prepare()
        story.take_on_gates()
        story.shown("cutover", "rehearse")
        story.take_on_gates()
        story.confirmed("cutover", "rehearse")

        _killed_at(story, "PROVE", "join", "intent")
        held = _modes(lab)  # a kill that comes late meets reads that have switched
        assert held <= {"blue_ro", "green_ro"}
        before = story.acknowledged(BLUE)
        with story.step("blue after the kill"):
            lab.vgwm.run("engine", "start")
            story.wait_for_writes(BLUE, before + 5)
        assert story.figures.seconds["blue after the kill"] < BACK_S
        assert _modes(lab) == {"blue"}
        assert _rows(lab)[-1][:2] == ("CATCHUP", "enter")
        assert story.acknowledged(GREEN) == 0

        _killed_at(story, "SWITCH_WRITES", "lb-green", "intent")
        lab.vgwm.run("engine", "start")
        until("one side writes", lambda: _modes(lab) in ({"blue"}, {"green"}), limit_s=BACK_S)
        if _modes(lab) == {"blue"}:  # it died before any load balancer heard of green
            assert story.acknowledged(GREEN) == 0
            story.confirmed("cutover", "start")
        story.wait_for_writes(GREEN, 20)
        assert _modes(lab) == {"green"}
        kept = story.read_back_on_green()
    story.count()
    assert kept.lost == []
    assert proofs.two_writers(story.journal.attempts) == []
    assert proofs.failed_reads(story.journal.attempts) == []
    assert story.readers.wrong == []
    assert [row[:2] for row in _rows(lab)][-1] == ("GREEN_LIVE", "watch")
    _a_ledger_from_before_writes_nothing(lab)


def _a_ledger_from_before_writes_nothing(lab: Ground) -> None:
    """Put the ledger back that the run kept before its fence, as an operator may."""
    workspace = lab.vgwm.workspace
    ledger, kept = workspace / "ledger.db", max((workspace / "backups").glob("cutover-*"))
    lab.vgwm.run("engine", "stop")
    for name in ("ledger.db-wal", "ledger.db-shm", "ledger.db.sum"):
        ledger.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(next(kept.rglob("*ledger.db")), ledger)
    told = _refused(lab, "sync", "--once")
    assert "by at-green.json green serves slice all since" in told
    assert "cp ledger.db.bak ledger.db" in told
    lab.vgwm.run("engine", "stop")
    (workspace / "at-green.json").unlink()  # as if the whole workspace were from before
    told = _refused(lab, "sync", "--once")
    assert "lb-1 sends" in told
    assert "to green, and the ledger knows of no flip" in told


def _refused(lab: Ground, *words: str) -> str:
    ran = lab.vgwm.run(*words, code=5)
    return ran.out + ran.err


def _killed_at(story: Story, *row: str) -> None:
    """Begin a cutover, and kill its engine once a row of it is stored."""
    shown = story.shown("cutover", "start")
    lab = story.ground
    seen = len(_rows(lab))
    lab.vgwm.run("--json", "cutover", "start", "--confirm", shown, "--detach")
    until(" ".join(row), lambda: row in _rows(lab)[seen:], limit_s=60, every_s=0.002)
    pid = running_pid(lab.vgwm.workspace)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until("the engine is gone", lambda: not _lives(pid), limit_s=60)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _rows(lab: Ground) -> list[tuple[str, ...]]:
    """Return state, step and phase of each row; () while the ledger is being made."""
    path = lab.vgwm.workspace / "ledger.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as conn:
        return conn.execute("SELECT state,step,phase FROM cutover ORDER BY seq").fetchall()


def _modes(lab: Ground) -> set[str]:
    return {one.met("photos") for one in lab.balancers}
