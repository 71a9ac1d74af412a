"""A worker that is killed, or whose disk is full, while it writes into a directory target."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.dag.cid import text
from core.errors import CapacityExhausted, Denied
from core.model import MIB
from core.target.dir_store import DirStore
from core.target.sink_dir import DirSink
from tests.fakes.bundles import SmallBundle, bundle, contents

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from _typeshed import TraceFunction

SMALL = bundle(contents("killed", 4, MIB // 2))
_TRACED = str(Path(__file__).parents[2] / "core/target/sink_dir.py")


NOBODY = 65_534


def in_child(act: Callable[[], None]) -> int:
    """Run act in a forked child; return its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001 - a child must not return into pytest
            os._exit(70)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(step: int, path: Path, small: SmallBundle) -> bool:
    """Send a bundle in a child that kills itself at a line of the sink; tell whether it did."""

    def act() -> None:
        left = step

        def trace(frame: FrameType, event: str, _arg: object) -> TraceFunction | None:
            nonlocal left
            if frame.f_code.co_filename != _TRACED:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        small.send(DirSink(path))

    code = in_child(act)
    assert code in {0, -signal.SIGKILL}
    return code != 0


def test_i5_a_kill_at_any_line_leaves_no_half_file_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "target"
    step = 1
    seen = set()
    while True:
        store = DirStore(path)
        store.prepare()
        killed = killed_at(step, path, SMALL)
        named = list(store.roots())
        seen.add((killed, len(named)))
        if named:
            assert store.manifest(SMALL.root) == SMALL.manifest
            for cid, content in zip(SMALL.cids, contents("killed", 4, MIB // 2), strict=True):
                assert b"".join(store.read_object(SMALL.root, cid)) == content
            assert (path / f"manifests/{text(SMALL.root)}.ndjson").read_bytes() == SMALL.manifest
        assert len(os.listdir(path / "tmp")) <= 2  # noqa: PTH208 - a count
        store.clear(epoch=2)
        assert os.listdir(path / "tmp") == []  # noqa: PTH208 - a count
        for folder in ("bundles", "manifests"):
            for file in (path / folder).iterdir():
                file.unlink()
        if not killed:
            break
        step += 1
    assert step > 40
    # before its name, after it but before the end, and not at all: each was met
    assert seen == {(True, 0), (True, 1), (False, 1)}


def test_a_file_limit_is_no_room_and_leaves_nothing(tmp_path: Path) -> None:
    store = DirStore(tmp_path)
    store.prepare()

    def act() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
        sink = DirSink(tmp_path)
        with pytest.raises(CapacityExhausted, match=r"File too large at .*tmp/1-1-1"):
            SMALL.send(sink)
        assert os.listdir(tmp_path / "tmp") == []  # noqa: PTH208 - a count

    assert in_child(act) == 0
    assert list(store.roots()) == []


def test_a_folder_without_rights_is_denied(tmp_path: Path) -> None:
    DirStore(tmp_path).prepare()
    (tmp_path / "tmp").chmod(0o500)
    tmp_path.chmod(0o755)

    def act() -> None:
        os.chdir(tmp_path)  # the way here is root's alone
        if os.geteuid() == 0:  # root writes everywhere
            os.seteuid(NOBODY)
        with pytest.raises(Denied):
            SMALL.send(DirSink(Path()))

    assert in_child(act) == 0


_FULL = """
import sys
from pathlib import Path
from core.errors import CapacityExhausted
from core.target.dir_store import DirStore
from core.target.sink_dir import DirSink
from tests.faults.test_dir_sink import SMALL
path = Path(sys.argv[1])
store = DirStore(path)
store.prepare()
try:
    SMALL.send(DirSink(path))
except CapacityExhausted as error:
    assert "No space left on device" in error.what, error
    assert list((path / "tmp").iterdir()) == list(store.roots()) == []
    sys.exit(42)
"""


def test_a_full_disk_is_no_room_and_leaves_nothing(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size={MIB} none "$0" && exec {sys.executable} -c "$1" "$0"'
    done = subprocess.run(  # noqa: S603 - our own script, in a mount namespace of its own
        ["/usr/bin/unshare", "-rm", "/bin/sh", "-c", script, str(tmp_path), _FULL],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 42, done.stderr
