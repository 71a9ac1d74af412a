"""Moments at which a process of a migration may be killed: around ledger commits and target calls.

Installed by a fault run in its own forked processes; the product knows nothing of it. All processes
of a run append to one file: the place of a line is the moment's number, and the lines outlive a
kill.
"""

from __future__ import annotations

import os
import signal
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core.ledger import writer as ledger_writer
from core.target import dir_store, objects_sqlite, sink_dir
from core.target.control_http import ControlHttp
from core.target.kubo_wire import ImportWire
from core.target.sink_kubo import KuboSink

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

LINE = 48
"""Bytes of a line: fixed, so that a place in the file is a number."""

_CALLS = ("open", "pwrite", "writev", "write", "fsync", "rename", "replace", "link", "unlink")


class Plan(NamedTuple):
    """Which moment to kill at, and whom: "engine", "worker" or "both". at: -1 for no kill.

    of: the moments whose names begin so are counted, no others.
    """

    at: int
    victim: str = "engine"
    of: str = ""


class Moments:
    """Counts moments, and kills at the planned one."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path = path
        self._plan = plan
        self._engine = os.getpid()
        self._owner = 0
        self._fd = -1

    def pass_by(self, name: str) -> None:
        """Note that a process comes by a moment; it may be its last."""
        if not name.startswith(self._plan.of):
            return
        if self._owner != os.getpid():  # a descriptor of its own: where it stands is its own place
            self._owner = os.getpid()
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._fd, name.encode()[: LINE - 1].ljust(LINE - 1) + b"\n")
        number = os.lseek(self._fd, 0, os.SEEK_CUR) // LINE - 1
        if number == self._plan.at:
            self._kill()

    def _kill(self) -> None:
        here = os.getpid()
        if here != self._engine and self._plan.victim != "worker":
            os.kill(self._engine, signal.SIGKILL)
        os.kill(here, signal.SIGKILL)

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with a moment before it and one after it."""

        @wraps(call)
        def wrapped(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - any call's own
            self.pass_by(f"{name} <")
            result = call(*args, **options)
            self.pass_by(f"{name} >")
            return result

        return wrapped


def passed(path: Path) -> list[str]:
    """Return the names of the moments that were passed, in order."""
    text = path.read_bytes() if path.exists() else b""
    return [text[at : at + LINE].decode().strip() for at in range(0, len(text), LINE)]


class _Commits:
    """A connection whose commits are moments."""

    def __init__(self, conn: sqlite3.Connection, name: str, moments: Moments) -> None:
        self._conn = conn
        self._commit = moments.around(f"{name} commit", conn.execute)

    def execute(self, text: str, *rest: Any) -> Any:  # noqa: ANN401 - as sqlite3 has it
        return (self._commit if text == "COMMIT" else self._conn.execute)(text, *rest)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as sqlite3 has it
        return getattr(self._conn, name)


class _Calls:
    """The module `os`, with moments around what changes a file."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the module has it
        call = getattr(os, name)
        return self._moments.around(f"sink os.{name}", call) if name in _CALLS else call


def install(moments: Moments) -> None:
    """Put moments around ledger commits and target calls of this process and its children."""
    for module, opening, name in (
        (ledger_writer, "open_writer", "ledger"),
        (objects_sqlite, "connect", "table"),
    ):
        _wrap_connections(module, opening, name, moments)
    setattr(sink_dir, "os", _Calls(moments))  # noqa: B010 - a module's name is replaced
    sink = sink_dir.DirSink
    for name in ("begin", "put", "put_now", "segment", "finish"):
        setattr(sink, name, _of_bundle(name, getattr(sink, name), moments))
    for name in ("prepare", "clear", "confirm", "manifest"):
        call = getattr(dir_store.DirStore, name)
        setattr(dir_store.DirStore, name, moments.around(f"target {name}", call))
    for name in ("rename", "replace"):
        setattr(Path, name, _in_target(name, getattr(Path, name), moments))


def install_on_stack(moments: Moments) -> None:
    """Put moments around what is said to Kubo nodes and cluster peers, too."""
    for name in ("open", "head", "send", "answer"):
        setattr(ImportWire, name, moments.around(f"wire {name}", getattr(ImportWire, name)))
    for name in ("begin", "segment", "finish"):
        setattr(KuboSink, name, _of_bundle(name, getattr(KuboSink, name), moments, "wire sink"))
    call = ControlHttp.call

    async def called(self: Any, method: str, path: str, *rest: Any, **limits: Any) -> Any:  # noqa: ANN401
        # a pin's path ends in its CID: its first part says enough
        what = " ".join(
            [method, *(part for part in path.split("/")[:4] if 0 < len(part) < LINE // 2)]
        )
        moments.pass_by(f"control {what} <")
        answer = await call(self, method, path, *rest, **limits)
        moments.pass_by(f"control {what} >")
        return answer

    setattr(ControlHttp, "call", called)  # noqa: B010 - in this process alone


def _wrap_connections(module: object, opening: str, name: str, moments: Moments) -> None:
    opened = getattr(module, opening)

    def opens(*args: Any, **options: Any) -> object:  # noqa: ANN401 - as the opening has it
        return _Commits(opened(*args, **options), name, moments)

    setattr(module, opening, opens)


def _of_bundle(
    name: str, call: Callable[..., Any], moments: Moments, kind: str = "sink"
) -> Callable[..., Any]:
    """Return a sink's call whose moments name the bundle."""

    def wrapped(sink: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - any call's own
        bundle = args[0] if name == "begin" else sink._bundle_id  # noqa: SLF001 - a test's look
        return moments.around(f"{kind} {name} {bundle}", call)(sink, *args, **options)

    return wrapped


def _in_target(name: str, call: Callable[..., Any], moments: Moments) -> Callable[..., Any]:
    def wrapped(path: Path, *args: Any) -> Any:  # noqa: ANN401 - any call's own
        if path.parent.name != "tmp":
            return call(path, *args)
        return moments.around(f"sink {name}", call)(path, *args)

    return wrapped


def walked(moments: Moments, pages: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Return a walk that notes the first key of each page that it gives."""

    def noting(source: object, bucket: Any, after: object) -> Iterator[Any]:  # noqa: ANN401
        for page in pages(source, bucket, after):
            if page.entries:
                key = page.entries[0][0]
                moments.pass_by(f"walk {bucket.name.decode()} {key.decode()}")
            yield page

    return noting
