"""The bench at its smallest: every row that needs no server does its work, and is held to it."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.bench.cleaning import ended_runs
from tests.bench.figures import Take
from tests.bench.from_s3 import BARE, BUILD, LANE, against_static
from tests.bench.ground import Ground, check_table
from tests.bench.ledger_cost import run_ledger_cost
from tests.bench.local import run_local, small_tree
from tests.bench.machine import Meter, Watched
from tests.bench.planning import many_tree, run_planning
from tests.bench.program import Program
from tests.bench.series import NotDone, run_series
from tests.bench.settings import KIB, Settings
from tests.bench.tree import Tree, cid_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # an ordinary folder serves as the one in memory: no figure matters here
    return Settings(
        folder=tmp_path / "run",
        tmpfs=tmp_path / "memory" / "run",
        scale=0.0001,
        rounds=1,
        workers=1,
        wait_s=0.0,
    )


def rows(text: str) -> list[str]:
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][2:]


def test_an_s3_source_is_carried_whole_from_a_static_server(settings: Settings) -> None:
    told = against_static(settings, Ground(settings.folder, drops=False))
    assert not told.failed, told
    assert rows(told.text) == [BUILD, LANE, BARE]


def test_copy_build_and_plan_do_their_work(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    tree = small_tree(settings)
    told = run_local(settings, tree, {"p3", "p4"})
    assert [section.failed for section in told] == [False] * 4, told
    assert rows(told[0].text) == ["raw", "vgwm, dir: target", "cp -r"]
    assert rows(told[1].text) == ["raw", "vgwm, sink that discards"]
    assert rows(told[2].text) == ["raw", "vgwm, dir: target"]
    assert not (tmp_path / "memory" / "run").exists()
    told = run_ledger_cost(settings, tree, None)
    assert not any(section.failed for section in told), told
    told = run_planning(settings, many_tree(settings, objects=20_000))
    assert not any(section.failed for section in told), told


class Lame:
    """A row that says what is done with it, and does not do its work."""

    def __init__(self, name: str, heard: list[str], *, works: bool) -> None:
        self.name = name
        self._heard = heard
        self._works = works

    def prepare(self) -> None:
        self._heard.append(f"{self.name} prepares")

    def run(self) -> Take:
        self._heard.append(f"{self.name} runs")
        return Take(objects=10, seconds=1.0)

    def check(self) -> None:
        if not self._works:
            raise NotDone("nothing is there")

    def end(self) -> None:
        self._heard.append(f"{self.name} ends")


def test_rows_take_turns_and_one_that_fails_is_ended_and_told(settings: Settings) -> None:
    heard: list[str] = []
    lame, sound = Lame("lame", heard, works=False), Lame("sound", heard, works=True)
    found = run_series("trial", [lame, sound], settings)
    assert [result.problem for result in found] == ["nothing is there", ""]
    steps = ("prepares", "runs", "ends")
    assert heard == [f"{name} {step}" for name in ("lame", "sound") for step in steps]


def test_stamping_makes_new_content_and_keeps_attributes_true(tmp_path: Path) -> None:
    tree = Tree(root=tmp_path / "tree", objects=3, size_bytes=200 * KIB)
    tree.make()
    before = {i: (cid_of(tree.path(i)), tree.path(i).stat().st_ino) for i in range(3)}
    etags = {os.getxattr(tree.path(i), "user.etag") for i in range(3)}
    tree.stamp()
    for i, (cid, inode) in before.items():
        assert cid_of(tree.path(i)) != cid
        assert tree.path(i).stat().st_ino == inode
        assert os.getxattr(tree.path(i), "user.etag") not in etags
    blocks = tree.path(0).read_bytes()
    tree.stamp()
    again = tree.path(0).read_bytes()
    starts = range(0, 200 * KIB, 64 * KIB)
    assert all(blocks[at : at + 32] != again[at : at + 32] for at in starts)


def test_a_table_that_lacks_a_row_is_no_work_done(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "objects.db") as base:
        base.execute("CREATE TABLE versitygw_objects(s3_key, cid, metadata)")
    base.close()
    tree = Tree(root=tmp_path / "tree", objects=3, size_bytes=10)
    with pytest.raises(NotDone, match="rows in the object table: 0, not 3"):
        check_table(tree, tmp_path / "objects.db")


def test_a_program_waits_for_its_start_and_its_cpu_is_seen(tmp_path: Path) -> None:
    tree = Tree(root=tmp_path / "tree", objects=4, size_bytes=3 << 20)
    tree.make()
    (tmp_path / "out").mkdir()
    words = (str(tree.root), str(tmp_path / "out"), "0", "1", "2")
    with Program("tests.bench.raw", *words) as program:
        program.ready()
        assert not any((tmp_path / "out").iterdir())
        meter = Meter({"workers": [Watched(program.pid)]})
        program.go()
        assert program.result() == {"files": 4, "size_bytes": 12 << 20}
        cpu_s, _foreign = meter.stop()
    assert cpu_s["workers"] > 0
    written = b"".join(path.read_bytes() for path in sorted((tmp_path / "out").iterdir()))
    assert written == b"".join(tree.path(i).read_bytes() for i in range(4))


def test_folders_of_living_runs_are_left_alone(tmp_path: Path) -> None:
    for name in (f"vgwm-bench-{os.getpid()}", "vgwm-bench-1", "vgwm-bench-4194999", "mine"):
        (tmp_path / name).mkdir()
    ended = {folder.name for folder in ended_runs(tmp_path)}
    assert ended == {f"vgwm-bench-{os.getpid()}", "vgwm-bench-4194999"}
