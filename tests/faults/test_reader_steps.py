"""A change at every line of the reader: what it then returns lay there before it, or after it."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.source.posix.large import LargeObject, page_buffer
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable
from core.source.posix.read import TICK_S, BucketReader
from tests.faults.seeded import fault_seed
from tests.integration.source.tree import HandTree, etag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from _typeshed import TraceFunction

    from core.source.posix.attributes import Attributes

pytestmark = pytest.mark.timeout(180)

_ROOM = str(Path(__file__).parents[2] / "core/source/posix")
SMALL, CHUNKED = b"some bytes " * 20, b"0123456789" * 1_000
LIMIT, CHUNK = 4_096, 4_096
KEYS = 300
PAIRS = 250


class State(NamedTuple):
    """An object as it lies there. body None: there is none."""

    body: bytes | None
    attributes: Attributes
    readable: bool = True


Change = tuple["Callable[[HandTree, Path], object]", "Callable[[State], State]"]


def _overwritten(tree: HandTree, path: Path, body: bytes) -> None:
    """Write another file beside it, attributes and all; the rename is the change."""
    new = path.with_name(f".{path.name}.sgwtmp.100000000000000000")
    new.write_bytes(body)
    if tree.mode == "xattr":
        tree.mark(new, etag(body))
    new.rename(path)


def _there(state: State) -> bytes:
    return state.body or b""


def _edited(_tree: HandTree, path: Path) -> None:
    fd = os.open(path, os.O_WRONLY)
    os.pwrite(fd, b"EDIT", 5)
    os.close(fd)


def _looped(_tree: HandTree, path: Path) -> None:
    loop = path.with_name("loop")
    loop.symlink_to(path)
    loop.rename(path)


CHANGES: dict[str, Change] = {
    "overwritten": (
        lambda tree, path: _overwritten(tree, path, b"another body"),
        lambda _: State(b"another body", etag(b"another body")),
    ),
    "edited": (
        _edited,
        lambda s: s._replace(body=_there(s)[:5].ljust(5, b"\0") + b"EDIT" + _there(s)[9:]),
    ),
    "cut": (
        lambda _, path: os.truncate(path, 7),
        lambda s: s._replace(body=_there(s)[:7].ljust(7, b"\0")),
    ),
    "emptied": (lambda _, path: os.truncate(path, 0), lambda s: s._replace(body=b"")),
    "grown": (
        lambda _, path: os.truncate(path, path.stat().st_size + 5_000),
        lambda s: s._replace(body=_there(s) + b"\0" * 5_000),
    ),
    "deleted": (lambda _, path: path.unlink(), lambda s: s._replace(body=None)),
    "tagged": (
        lambda tree, path: tree.mark(path, {"X-Amz-Tagging": b'{"a":"b"}'}),
        lambda s: s._replace(attributes={**s.attributes, "X-Amz-Tagging": b'{"a":"b"}'}),
    ),
    "unreadable": (_looped, lambda s: s._replace(body=None, readable=False)),
    "its folder moved": (
        lambda _, path: path.parent.rename(path.parent.with_name(path.parent.name + "-away")),
        lambda s: s._replace(body=None),
    ),
    "linked": (lambda _, path: path.with_name("second").hardlink_to(path), lambda s: s),
}


def _read(reader: BucketReader, key: bytes) -> State | Changed | Gone | Unreadable:
    """Read it as the gatherer does."""
    got = reader.read_small(key, b"", LIMIT)
    if isinstance(got, SmallRead):
        return State(got.body, got.attributes)
    if not isinstance(got, LargeObject):
        return got
    with got:
        try:
            body = b"".join(bytes(chunk) for chunk in got.chunks(page_buffer(CHUNK)))
            return State(body, got.attributes) if got.unchanged() else Changed()
        except OSError as error:
            return Unreadable(str(error))


def _with_changes_at(steps: dict[int, Callable[[], object]], read: Callable[[], object]) -> object:
    """Return what read does while changes are made ahead of its steps: lines of the room."""
    at = 0

    def trace(frame: FrameType, event: str, _arg: object) -> TraceFunction | None:
        nonlocal at
        if not frame.f_code.co_filename.startswith(_ROOM):
            return None
        if event == "line":
            at += 1
            if at in steps:
                sys.settrace(None)
                steps.pop(at)()
                sys.settrace(trace)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return read()
    finally:
        sys.settrace(before)


def _keys(tree: HandTree, body: bytes) -> Iterator[tuple[bytes, Path]]:
    """Yield objects that lie there for longer than a tick, each in a folder of its own."""
    number = 0
    while True:
        made = [(b"d%05d/a" % (number + n), b"") for n in range(KEYS)]
        number += KEYS
        paths = [tree.put(key, body, etag(body)) for key, _ in made]
        time.sleep(2 * TICK_S)  # the file system's clock goes on: there is nothing to wait for
        yield from ((key, path) for (key, _), path in zip(made, paths, strict=True))


def _judge(got: object, states: list[State], what: str) -> None:
    """What was read is one of the states; what was not has a state for its reason."""
    match got:
        case State():
            assert got in states, f"{what}: neither of before nor of after"
        case Gone():
            assert any(state.body is None for state in states), what
        case Unreadable():
            assert any(not state.readable for state in states), what
        case _:
            assert got == Changed(), what


@pytest.mark.parametrize("body", [SMALL, CHUNKED], ids=["small", "chunked"])
@pytest.mark.parametrize("mode", ["xattr", "sidecar"])
def test_a_change_at_any_line_leaves_one_moment_or_a_reason(
    tmp_path: Path, mode: str, body: bytes
) -> None:
    tree = HandTree(tmp_path, "xattr" if mode == "xattr" else "sidecar").make()
    tree.bucket()
    keys = _keys(tree, body)
    came: dict[str, set[str]] = {}
    runs = 0
    with BucketReader(*tree.opened()) as reader:
        for name, (change, after) in CHANGES.items():
            step, kinds = 0, came.setdefault(name, set())
            left: dict[int, Callable[[], object]] = {}
            while not left:  # until the reading is over before its step comes
                step += 1
                runs += 1
                key, path = next(keys)
                before = State(body, etag(body))
                states = [before, _after(tree, name, before, after)]
                left = {step: lambda change=change, path=path: change(tree, path)}  # type: ignore[misc]
                got = _with_changes_at(left, lambda key=key: _read(reader, key))  # type: ignore[misc]
                _judge(got, states, f"{name} at step {step}")
                kinds.add(type(got).__name__)
    print(f"{mode}, {len(body)} bytes: {runs} changes; {came}")  # noqa: T201 - figures
    assert all("State" in kinds for kinds in came.values())
    assert all("Changed" in kinds for name, kinds in came.items() if name in {"edited", "tagged"})


def _after(tree: HandTree, name: str, before: State, after: Callable[[State], State]) -> State:
    """Return the state behind a change. Beside the file, attributes outlive an overwrite."""
    state = after(before)
    if tree.mode == "sidecar" and name == "overwritten":
        return state._replace(attributes=before.attributes)
    return state


@pytest.mark.parametrize("body", [SMALL, CHUNKED], ids=["small", "chunked"])
def test_two_changes_at_any_lines_leave_one_moment_or_a_reason(tmp_path: Path, body: bytes) -> None:
    chance = random.Random(fault_seed())  # noqa: S311 - a fault run that can be repeated
    tree = HandTree(tmp_path, "xattr").make()
    tree.bucket()
    keys = _keys(tree, body)
    lasting = [n for n in CHANGES if n not in {"deleted", "unreadable", "its folder moved"}]
    with BucketReader(*tree.opened()) as reader:
        for _ in range(PAIRS):
            key, path = next(keys)
            first, second = chance.choice(lasting), chance.choice(list(CHANGES))
            if first == second == "linked":
                continue
            one = State(body, etag(body))
            two = CHANGES[first][1](one)
            three = CHANGES[second][1](two)
            at = sorted(chance.sample(range(1, 60), 2))
            steps: dict[int, Callable[[], object]] = {
                at[0]: lambda first=first, path=path: CHANGES[first][0](tree, path),  # type: ignore[misc]
                at[1]: lambda second=second, path=path: CHANGES[second][0](tree, path),  # type: ignore[misc]
            }
            got = _with_changes_at(steps, lambda key=key: _read(reader, key))  # type: ignore[misc]
            _judge(got, [one, two, three], f"{first}, {second} at steps {at}")
