"""users.json is the old or the new one, and the old one is kept, wherever a process is killed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import pytest

from core.control.iam.write import write_users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD, NEW = '{"accessAccounts":{"old":1}}', '{"accessAccounts":{"new":2}}'
KILLED: Final = 9
STEPS: Final = frozenset(("open", "os.link", "os.mkdir", "os.rename", "os.remove", "os.chown"))


def counted(call: Callable[..., None], count: Callable[[], None]) -> Callable[..., None]:
    def wrapped(*arguments: object) -> None:
        count()
        call(*arguments)

    return wrapped


def killed_before(step: int, folder: Path) -> bool:
    """Write in a child that dies before its step-th call to the file system; say if it died."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count() -> None:
            nonlocal seen
            seen += 1
            if seen > step:
                os._exit(KILLED)

        def hear(event: str, arguments: tuple[object, ...]) -> None:
            if event in STEPS and str(folder) in str(arguments):
                count()

        sys.addaudithook(hear)
        for name in ("fchmod", "fsync"):  # which no audit event tells of
            setattr(os, name, counted(getattr(os, name), count))
        write_users(folder, NEW, None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, KILLED}
    return os.waitstatus_to_exitcode(status) == KILLED


@pytest.mark.parametrize("has_backup", [False, True])
def test_a_kill_between_any_two_calls_leaves_a_whole_file_and_what_it_replaced(
    tmp_path: Path, *, has_backup: bool
) -> None:
    step, died, now = 0, True, ""
    while died:
        folder = tmp_path / str(step)
        folder.mkdir()
        (folder / "users.json").write_text(OLD)
        if has_backup:
            (folder / "users.json.backup").write_text("older")
        died = killed_before(step, folder)
        now = (folder / "users.json").read_text()
        kept = {path.read_text() for path in folder.glob("users.json.backup*")}
        assert now in {OLD, NEW}
        assert now == OLD or OLD in kept
        assert not has_backup or "older" in kept
        write_users(folder, NEW, None)
        assert (folder / "users.json").read_text() == NEW
        assert OLD in {path.read_text() for path in folder.glob("users.json.backup*")}
        step += 1
    assert now == NEW
    assert step > 7, "no call was seen"
