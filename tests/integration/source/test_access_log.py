"""An access log that grows, is rotated, cut, taken away: what is heard, and what is given up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied
from core.source.access_log import LONGEST_BYTES, AccessLogs
from core.source.hints import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "AK b [25/November/2026:23:00:14 +0000] 127.0.0.1 AK R s3_PutObject {key} /b/{key} 200 - 0\n"


class Written:
    """A log, how a gateway writes it, and what a listener hears."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_s = 0.0
        path.write_text(LINE.format(key="before"))
        self.logs = AccessLogs([path], clock_s=lambda: self.now_s)
        self.logs.begin()
        self.names = Names()

    def heard(self) -> list[bytes]:
        self.logs.gather(self.names)
        return list(self.names.take(settled=False).get(b"b", []))

    def put(self, *keys: str, to: Path | None = None) -> None:
        with (to or self.path).open("a") as log:
            log.writelines(LINE.format(key=key) for key in keys)


def _open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    written = Written(tmp_path / "access.log")
    yield written
    written.logs.close()


def test_what_was_written_before_is_not_heard_and_each_line_is_heard_once(written: Written) -> None:
    assert written.heard() == []
    written.put("one", "two")
    assert written.heard() == [b"one", b"two"]
    assert written.heard() == []
    assert written.names.heard == 2


def test_a_line_is_heard_once_it_has_its_end(written: Written) -> None:
    line = LINE.format(key="halves")
    with written.path.open("a") as log:
        log.write(line[:40])
        log.flush()
        assert written.heard() == []
        log.write(line[40:])
    assert written.heard() == [b"halves"]


def test_memory_is_flat_under_a_line_without_an_end(written: Written) -> None:
    with written.path.open("a") as log:
        log.write("x" * (LONGEST_BYTES * 40) + "\n")
    written.put("behind")
    assert written.heard() == [b"behind"]


def test_a_rotated_log_loses_no_line(written: Written) -> None:
    old = written.path.with_suffix(".1")
    written.put("one")
    written.path.rename(old)
    written.put("two", to=old)  # before the gateway was told
    assert written.heard() == [b"one", b"two"]
    written.put("three", to=old)
    written.put("four")
    assert written.heard() == [b"four", b"three"]
    written.put("five", to=old)  # another gateway, told later
    assert written.heard() == [b"five"]
    assert not written.names.wide
    fds = _open_files()
    written.now_s = 61.0
    written.heard()
    assert _open_files() == fds - 1, "a rotated file is let go"


def test_a_log_that_is_cut_gives_names_up_for_a_full_round(written: Written) -> None:
    written.put("one", "two")
    assert written.heard() == [b"one", b"two"]
    written.path.write_text("")
    written.put("three")
    assert written.heard() == []
    assert "cut" in written.names.wide


@pytest.mark.parametrize("what", ["absent", "fifo"])
def test_a_log_that_is_none_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "fifo":
        os.mkfifo(path)
    with pytest.raises(Denied, match="access log cannot be read"):
        AccessLogs([path]).begin()
