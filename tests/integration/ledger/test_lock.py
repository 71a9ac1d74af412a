from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied, WrongState
from core.ledger.lock import LOCK_NAME, WorkspaceLock, _remedy

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from core.ledger.lock import WorkspaceLock
lock = WorkspaceLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[bytes]:
    """Return another process that holds the lock of tmp_path."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> int:
    process.communicate()
    return process.returncode


def test_two_engines_on_one_workspace_are_impossible(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(WrongState, match=f"pid {holder.pid}"):
        WorkspaceLock(tmp_path).acquire()
    assert ended(holder) == 0
    with WorkspaceLock(tmp_path) as lock:
        assert lock.stale_pid is None


def test_two_locks_of_one_process_are_impossible_too(tmp_path: Path) -> None:
    with WorkspaceLock(tmp_path), pytest.raises(WrongState, match=f"pid {os.getpid()}"):
        WorkspaceLock(tmp_path).acquire()
    with WorkspaceLock(tmp_path):
        pass


def test_a_lock_of_a_killed_engine_is_free_and_known_to_be_stale(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    holder.send_signal(signal.SIGKILL)
    assert ended(holder) == -signal.SIGKILL
    with WorkspaceLock(tmp_path) as lock:
        assert lock.stale_pid == holder.pid


def test_a_child_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock = WorkspaceLock(tmp_path)
    lock.acquire()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        close_fds=False,
    )
    try:
        lock.release()
        with WorkspaceLock(tmp_path):
            pass
    finally:
        child.communicate()


def test_i9_the_lock_is_the_users_alone_and_stays_in_place(tmp_path: Path) -> None:
    lock = WorkspaceLock(tmp_path)
    lock.acquire()
    inode = (tmp_path / LOCK_NAME).stat().st_ino
    lock.release()
    found = (tmp_path / LOCK_NAME).stat()
    assert found.st_mode & 0o777 == 0o600
    assert (found.st_ino, found.st_size) == (inode, 0)
    lock.release()


def test_a_workspace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="nowhere"):
        WorkspaceLock(tmp_path / "nowhere").acquire()


WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from core.errors import CapacityExhausted
from core.ledger.lock import WorkspaceLock
lock = WorkspaceLock(Path(sys.argv[1]))
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
try:
    lock.acquire()
except CapacityExhausted as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    WorkspaceLock(Path(sys.argv[1])).acquire()
    print(error.where)
"""


def test_a_disk_without_room_is_said_and_leaves_no_lock_behind(tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", WITHOUT_ROOM, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.strip() == str(tmp_path / LOCK_NAME)


def test_a_workspace_that_is_mounted_read_only_says_so_and_what_still_reads_it() -> None:
    assert "mount it writable" in _remedy(OSError(errno.EROFS, "Read-only file system"))
    assert "is yours" in _remedy(OSError(errno.EACCES, "Permission denied"))
