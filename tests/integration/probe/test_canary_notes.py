"""Canaries are noted before they are out, and those of an ended run are found by the next."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied
from core.probe.canary_car import make
from core.probe.canary_notes import FOLDER, CanaryNotes

if TYPE_CHECKING:
    from pathlib import Path

ROOT = make(bytes(32)).text

_HOLD = """
import sys
from pathlib import Path
from core.probe.canary_notes import CanaryNotes
CanaryNotes(Path(sys.argv[1])).note(sys.argv[2])
print("noted", flush=True)
sys.stdin.read()
"""


def test_a_workspace_without_canaries_has_none_left(tmp_path: Path) -> None:
    assert CanaryNotes(tmp_path).left() == []


def test_what_a_run_let_go_is_found_by_the_next_until_it_is_struck(tmp_path: Path) -> None:
    notes = CanaryNotes(tmp_path)
    notes.note(ROOT)
    assert CanaryNotes(tmp_path).left() == []  # that run lives
    notes.close()
    later = CanaryNotes(tmp_path)
    assert [one.root for one in later.left()] == [ROOT]
    assert CanaryNotes(tmp_path).left() == []  # only one of many runs sees to it
    later.strike(ROOT)
    assert CanaryNotes(tmp_path).left() == []


def test_a_killed_run_leaves_its_note_and_a_living_one_keeps_it(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - the interpreter, and the script above
        [sys.executable, "-c", _HOLD, str(tmp_path), ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        run.stdout.readline()
        assert CanaryNotes(tmp_path).left() == []
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert [one.root for one in CanaryNotes(tmp_path).left()] == [ROOT]


def test_what_is_no_cid_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "README").touch()
    assert CanaryNotes(tmp_path).left() == []


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / FOLDER).touch()
    with pytest.raises(Denied, match="cannot be noted"):
        CanaryNotes(tmp_path).note(ROOT)
