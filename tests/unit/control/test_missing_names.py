"""The list for a retry: whole or not at all, on a disk that takes nothing as well."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, cast

import pytest

from core.control.proof.missing_names import write_failed
from core.control.wire.verify import View, ViewRow
from core.errors import CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.client import Client


class Failed:
    """An engine whose verification found one object that failed to copy."""

    async def view(self, name: str, **asked: object) -> View:
        row = ViewRow(at=0, object="photos/z", kind="not_copied", field="failed")
        return View(job=1, name=name, at=0, total=1, rows=[] if asked["at"] else [row])


async def write(path: Path) -> int:
    return await write_failed(cast("Client", Failed()), 1, path)


async def test_what_failed_is_written_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "names"
    assert await write(path) == 1
    assert path.read_text() == "photos/z\n"


@pytest.mark.parametrize(
    ("call", "code", "wanted"),
    [("fsync", errno.ENOSPC, CapacityExhausted), ("open", errno.EROFS, Denied)],
    ids=["full", "read-only"],
)
async def test_a_disk_that_takes_nothing_is_said_and_a_former_list_stays(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    wanted: type[VgwmError],
) -> None:
    path = tmp_path / "names"
    path.write_text("former\n")

    def refused(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(f"core.control.proof.missing_names.os.{call}", refused)
        with pytest.raises(wanted) as told:
            await write(path)
    assert "bundle" not in told.value.remedy
    assert "resume" not in told.value.remedy
    assert (os.listdir(tmp_path), path.read_text()) == (["names"], "former\n")  # noqa: PTH208 - a small folder, in an async test
