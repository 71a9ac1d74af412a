"""What the operating system says of a report's file: no remedy speaks of bundles or the target."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from core.target.disk_faults import file_error

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("code", "exits", "remedy"),
    [
        (errno.ENOSPC, 4, "Make room"),
        (errno.EROFS, 6, "Give this user the right"),
        (errno.ENOTDIR, 2, "reports be a directory"),
        (errno.EIO, 4, "Look at the disk"),
    ],
)
def test_a_remedy_fits_a_file_that_is_no_target(
    tmp_path: Path, code: int, exits: int, remedy: str
) -> None:
    path = tmp_path / "reports" / "check-7"
    error = file_error(OSError(code, os.strerror(code)), doing="making a report", path=path)
    assert error.exit_code == exits
    assert remedy in error.remedy
    assert not [word for word in ("bundle", "target", "resume") if word in error.remedy]
