"""A file of a look that cannot be written or opened: what is said, and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from core.errors import CapacityExhausted
from core.verify.findings import FILE_NAME, Findings
from core.verify.no_room import no_room


@pytest.mark.parametrize(
    ("code", "words", "mend"),
    [
        (errno.ENOSPC, "No space left on device", "Make room"),
        (errno.EIO, "Input/output error", "dmesg"),
        (errno.EROFS, "Read-only file system", "dmesg"),
    ],
)
def test_a_failing_disk_is_not_told_to_be_a_full_one(code: int, words: str, mend: str) -> None:
    error = no_room("what was found cannot be kept", Path("/ws/x"), OSError(code, "x"))
    assert words in error.what
    assert mend in error.remedy


def test_a_fault_of_sqlite_is_said_in_its_words() -> None:
    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    error = no_room("it cannot be kept", Path("/ws/x"), fault)
    assert error.what == "it cannot be kept: disk I/O error"
    assert "dmesg" in error.remedy


def test_a_file_that_sqlite_cannot_open_is_an_error_of_ours(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    with pytest.raises(CapacityExhausted) as raised:
        Findings(tmp_path)
    assert FILE_NAME in raised.value.where
