"""What mountinfo says of a fence: ours shows the folder beneath it, read-only, and is on top."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from core.cutover.bind_fence import Mount, fenced, folders

if TYPE_CHECKING:
    from pathlib import Path

BELOW = Mount(20, 1, "8:1", "/srv", "/data", read_only=False)
OURS = Mount(30, 20, "8:1", "/srv/photos", "/data/photos", read_only=True)


def test_a_read_only_mount_of_the_folder_itself_is_a_fence_and_nothing_else_is() -> None:
    assert fenced([BELOW, OURS], "/data/photos")
    assert not fenced([BELOW], "/data/photos")
    assert not fenced([BELOW, OURS._replace(read_only=False)], "/data/photos")
    assert not fenced([BELOW, OURS._replace(shown="/srv/films")], "/data/photos")
    assert not fenced([BELOW, OURS._replace(device="8:2")], "/data/photos")


def test_a_bucket_that_is_a_link_is_fenced_where_its_mount_will_lie(tmp_path: Path) -> None:
    """By its own name the mount would not be found again: `open` would leave it read-only."""
    for name in ("gw/photos", "disk/films", "versions"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "gw" / "films").symlink_to(tmp_path / "disk" / "films")
    (tmp_path / "versions" / "films").symlink_to(tmp_path / "disk" / "films")
    real = str(tmp_path / "disk" / "films")
    tops = [tmp_path / "gw", tmp_path / "versions"]
    assert folders(tops, []) == [real, str(tmp_path / "gw" / "photos"), real]
    assert folders(tops, ["films"]) == [real, real]


def test_it_is_a_program_of_the_package_that_tells_what_it_sees(tmp_path: Path) -> None:
    (tmp_path / "gw" / "photos").mkdir(parents=True)
    (tmp_path / "pid").write_text(str(os.getpid()))
    done = subprocess.run(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "core.cutover.bind_fence", "state"),
            *("--pid-file", str(tmp_path / "pid"), "--folder", str(tmp_path / "gw")),
        ],
        input='{"v": 1, "op": "state", "slices": []}',
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"state": "open"}
