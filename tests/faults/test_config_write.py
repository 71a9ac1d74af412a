"""kill -9 between any two system calls of a write leaves the old or the new file, backup beside."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.disk import RealDisk
from core.config.file_set import NewFile, finish, replace_all
from core.errors import BadInput, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = {"gw.yaml": b"old yaml\n", "gw.env": b"OLD=1\n"}
NEW = {"gw.yaml": b"new yaml, longer than before\n", "gw.env": b"NEW=1\nSECRET=2\n"}
SURVIVED = 77


class Swift(RealDisk):
    """Flushes nothing: the kernel outlives a killed process, and has what was written."""

    def sync(self, handle: int) -> None:
        """Leave it to the kernel."""

    def sync_folder(self, folder: Path) -> None:
        """Leave it to the kernel."""


class Stepping(Swift):
    """Does something before each system call; a write is cut in two, so it stands between."""

    def __init__(self, step: Callable[[str], None]) -> None:
        self._step = step

    def create(self, path: Path, mode: int) -> int:
        self._step("create")
        return super().create(path, mode)

    def write(self, handle: int, content: memoryview) -> int:
        self._step("write")
        return super().write(handle, content[: (len(content) + 1) // 2])

    def own(self, handle: int, uid: int, gid: int) -> None:
        self._step("own")
        super().own(handle, uid, gid)

    def sync(self, handle: int) -> None:
        self._step("sync")
        super().sync(handle)

    def close(self, handle: int) -> None:
        super().close(handle)  # also after a fault: a descriptor is no file
        self._step("close")

    def link(self, path: Path, second: Path) -> None:
        self._step("link")
        super().link(path, second)

    def rename(self, path: Path, to: Path) -> None:
        self._step("rename")
        super().rename(path, to)

    def unlink(self, path: Path) -> None:
        self._step("unlink")
        super().unlink(path)

    def sync_folder(self, folder: Path) -> None:
        self._step("sync folder")
        super().sync_folder(folder)


class Counter:
    """Counts steps, and acts at one of them."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.steps: list[str] = []
        self._at = at
        self._act = act
        self.at_name = ""

    def __call__(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) - 1 == self._at or name == self.at_name:
            self._act()


def put_old(folder: Path) -> None:
    for name, content in OLD.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o640)


def new_files(folder: Path) -> list[NewFile]:
    return [NewFile(path=folder / name, content=content) for name, content in NEW.items()]


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OLD}


def killed(folder: Path, at: int) -> bool:
    """Write in a child that is killed at a step; return False if it came to its end."""
    child = os.fork()
    if child == 0:
        counter = Counter(at, lambda: os.kill(os.getpid(), signal.SIGKILL))
        try:
            replace_all(new_files(folder), disk=Stepping(counter))
        finally:
            os._exit(SURVIVED)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == SURVIVED
    return False


def steps_of_a_write(folder: Path) -> list[str]:
    put_old(folder)
    counter = Counter(-1, lambda: None)
    replace_all(new_files(folder), disk=Stepping(counter))
    return counter.steps


def test_kill_9_between_any_two_system_calls_leaves_old_or_new_and_a_backup(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    steps = steps_of_a_write(whole)
    assert {"create", "write", "sync", "link", "rename", "sync folder"} <= set(steps)
    seen: set[tuple[bool, ...]] = set()
    for at in range(len(steps)):
        folder = tmp_path / str(at)
        folder.mkdir()
        put_old(folder)
        assert killed(folder, at), (at, steps[at])
        found = contents(folder)
        for name, content in found.items():
            assert content in (OLD[name], NEW[name]), (at, name)
            if content == NEW[name]:
                kept = list(folder.glob(f"{name}.*.backup"))
                assert [one.read_bytes() for one in kept] == [OLD[name]], (at, name)
                assert kept[0].stat().st_mode & 0o777 == 0o640
        seen.add(tuple(found[name] == NEW[name] for name in OLD))
        after_a_crash(folder, at)
    # a crash came before, between and behind the renames
    assert seen == {(False, False), (True, False), (True, True)}
    assert not killed(whole, len(steps) + 9)


def after_a_crash(folder: Path, at: int) -> None:
    """The next run makes the set whole: all old or all new, and leaves nothing of a write about."""
    if at % 2:  # by itself, or as the first thing of the next write
        finish([folder / name for name in OLD], disk=Swift())
        assert contents(folder) in (OLD, NEW), at
    replace_all(new_files(folder), disk=Swift())
    assert contents(folder) == NEW
    names = [one.name for one in folder.iterdir()]
    assert not [one for one in names if one.endswith((".new", "journal"))], (at, names)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(28, CapacityExhausted), (13, Denied), (5, BadInput)],
    ids=["no space", "denied", "I/O error"],
)
def test_a_fault_at_any_system_call_leaves_all_or_none(
    tmp_path: Path, error: int, kind: type[VgwmError]
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    steps = steps_of_a_write(whole)
    for at in range(len(steps)):
        folder = tmp_path / str(at)
        folder.mkdir()
        put_old(folder)

        def fail() -> None:
            raise OSError(error, os.strerror(error))

        counter = Counter(at, fail)
        refused: VgwmError | None = None
        try:
            replace_all(new_files(folder), disk=Stepping(counter))
        except VgwmError as error_of_ours:
            refused = error_of_ours
        if refused is None:
            assert contents(folder) == NEW  # the journal's own end: nothing is lost with it
        elif "repeat the command" not in refused.remedy:
            assert isinstance(refused, kind), (at, steps[at])
            assert contents(folder) == OLD
            assert sorted(one.name for one in folder.iterdir()) == sorted(OLD), (at, steps[at])
        after_a_crash(folder, at)


def test_a_second_file_alone_is_a_set_of_its_own(tmp_path: Path) -> None:
    put_old(tmp_path)
    one = [NewFile(path=tmp_path / "gw.env", content=NEW["gw.env"])]

    def crash() -> None:
        raise KeyboardInterrupt

    counter = Counter(-1, crash)
    counter.at_name = "rename"
    with pytest.raises(KeyboardInterrupt):
        replace_all(one, disk=Stepping(counter))
    assert contents(tmp_path) == OLD
    finish([tmp_path / name for name in OLD])
    assert contents(tmp_path) == {**OLD, "gw.env": NEW["gw.env"]}


@pytest.mark.parametrize("text", [b'[{"folder":"/', b'[{"folder":"\xc3"}]'])
def test_a_journal_that_was_cut_is_no_order(tmp_path: Path, text: bytes) -> None:
    put_old(tmp_path)
    (tmp_path / ".gw.yaml.vgwm-journal").write_bytes(text)
    assert finish([tmp_path / "gw.yaml"]) == []
    assert contents(tmp_path) == OLD
    assert not (tmp_path / ".gw.yaml.vgwm-journal").exists()


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    put_old(real)
    (tmp_path / "gw.yaml").symlink_to(real / "gw.yaml")
    kept = replace_all([NewFile(path=tmp_path / "gw.yaml", content=NEW["gw.yaml"])])
    assert (tmp_path / "gw.yaml").is_symlink()
    assert (real / "gw.yaml").read_bytes() == NEW["gw.yaml"]
    assert [one.parent for one in kept] == [real]


def test_another_users_journal_renames_nothing(tmp_path: Path) -> None:
    """Root that looks at a configuration in a user's folder would rename files for that user."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "ours").write_bytes(b"ours")
    journal = tmp_path / ".gw.yaml.vgwm-journal"
    move = {"folder": str(tmp_path), "temporary": str(tmp_path / "theirs"), "name": "ours"}
    journal.write_bytes(msgspec.json.encode([move]))
    os.chown(journal, 1234, 1234)
    with pytest.raises(Denied, match="another user's journal"):
        finish([tmp_path / "gw.yaml"])
    journal.rename(tmp_path / "kept")
    journal.symlink_to(tmp_path / "kept")
    with pytest.raises(BadInput):
        finish([tmp_path / "gw.yaml"])
    assert (tmp_path / "ours").read_bytes() == b"ours"
