"""Where a command may leave a file: never in the source, the target, or on the engine's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.cli.log_file import log_file
from core.control.files import refuse_irregular, refuse_place, replace_file
from core.errors import Refused
from tests.integration.cli.conftest import OBJECTS
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

LONG = "x" * 300


@pytest.mark.parametrize(
    "place",
    [
        "gw/photos/z",
        "gw/photos/new",
        "out/objects.db",
        "ws/ledger.db",
        "ws/vgwm.yaml",
        "ws/recorder/1",
    ],
)
@pytest.mark.parametrize(
    "words", [["copy", "--log-file"], ["plan", "--force", "--output"]], ids=" ".join
)
async def test_i6_no_file_is_left_where_the_migration_has_its_own(
    place: str, words: list[str], ws: Path, tmp_path: Path
) -> None:
    before = (ws / "vgwm.yaml").read_bytes()
    ran = await vgwm(*words, str(tmp_path / place), "-w", str(ws), home=tmp_path)
    assert ran.code == 5, ran.err
    assert (tmp_path / "gw/photos/z").read_bytes() == OBJECTS["photos/z"]
    assert not (tmp_path / "gw/photos/new").exists()
    assert (ws / "vgwm.yaml").read_bytes() == before
    assert not (ws / "ledger.db").exists()


def test_i6_a_link_into_the_source_is_seen_through(ws: Path, gateway: Path, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(gateway / "photos" / "z")
    with pytest.raises(Refused, match="source"):
        refuse_place(ws, tmp_path / "log")


def test_a_file_beside_the_engines_own_is_taken(ws: Path, tmp_path: Path) -> None:
    refuse_place(ws, ws / "plan.json")
    refuse_place(ws, tmp_path / "copy.log")


def test_a_log_goes_behind_a_log_and_behind_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "copy.log"
    for _ in range(2):
        with log_file(path, since_ns=0) as log:
            log.begin("vgwm copy follows job 1")
    assert path.read_text().count("follows job 1") == 2
    other = tmp_path / "photos.db"
    other.write_bytes(b"SQLite format 3\0" + bytes(4096))
    with pytest.raises(Refused, match="no log"), log_file(other, since_ns=0):
        pass
    assert other.stat().st_size == 16 + 4096


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Refused, match="regular"):
        refuse_irregular(pipe)
    with pytest.raises(Refused, match="regular"):
        replace_file(pipe, "{}")
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    "words",
    [["status", "-w", LONG], ["replay", LONG, "--plain"], ["diagnose", "log", LONG]],
    ids=lambda words: words[0],
)
async def test_a_name_that_is_too_long_is_bad_input(words: list[str], tmp_path: Path) -> None:
    ran = await vgwm(*words, home=tmp_path)
    assert ran.code == 2, ran.err
