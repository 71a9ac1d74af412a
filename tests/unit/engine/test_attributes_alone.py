"""Attributes read again under the CIDs that are known: only where nothing says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from core.engine.crew.task import CopyTask
from core.engine.worker.attributes_alone import attributes_alone
from core.model import BundleKind, Cid
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import Changed, Gone, SmallRead

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from core.source.posix.outcome import Fault
    from core.source.source import SeenEntry

SEEN: list[SeenEntry] = [(b"a", b"", 5, 11, 1_000, 0), (b"b", b"", 5, 12, 1_000, 0)]
CIDS = [Cid(b"cid of a"), Cid(b"cid of b")]


class Looks:
    """A reader that has its answers. limits: that it was asked with."""

    def __init__(self, answers: dict[bytes, SmallRead | Fault]) -> None:
        self._answers = answers
        self.limits: set[int] = set()
        self.owner = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def expect(
        self,
        entries: Sequence[tuple[bytes, bytes]],
        seen: Sequence[SeenEntry],
        limit_bytes: int,
    ) -> None:
        assert [one[:2] for one in seen] == list(entries)
        self.limits.add(limit_bytes)

    def read_small(self, key: bytes, version: bytes, limit_bytes: int) -> SmallRead | Fault:
        assert version == b""
        self.limits.add(limit_bytes)
        return self._answers[key]

    def moved(self) -> bool:
        return False

    def close(self) -> None:
        pass


def _read(ino: int, size: int = 5, mtime_ns: int = 1_000) -> SmallRead:
    told = {"X-Amz-Tagging": b'{"t":"1"}'}
    return SmallRead(b"", told, size, ino, mtime_ns, 0, 0, 0, 0)


def _looked(b: SmallRead | Fault) -> tuple[list[bytes], list[tuple[bytes, Fault]], set[int]]:
    reader = Looks({b"a": _read(11), b"b": b})
    failed: list[tuple[bytes, Fault]] = []
    task = CopyTask(
        bundle=1,
        epoch=1,
        attempt=1,
        bucket=b"x",
        bucket_id=1,
        owner="op",
        kind=BundleKind.RANGE,
        size_bytes=10,
        entries=[one[:2] for one in SEEN],
        nodes=(),
        peers=(),
        seen=SEEN,
        known=CIDS,
    )
    carried = attributes_alone(
        task, reader, MetaWriter("op"), lambda key, _version, fault: failed.append((key, fault))
    )
    for one in carried:
        assert '"tags":{"t":"1"}' in one[12].manifest()
    return [one[2] or b"" for one in carried], failed, reader.limits


def test_an_object_that_is_what_the_walk_saw_keeps_its_cid_and_no_byte_is_read() -> None:
    cids, failed, limits = _looked(_read(12))
    assert (cids, failed, limits) == (CIDS, [], {0})


@pytest.mark.parametrize(
    "other", [_read(13), _read(12, size=6), _read(12, mtime_ns=2_000)], ids=["etag", "size", "time"]
)
def test_i2_an_object_that_moved_since_keeps_no_cid(other: SmallRead) -> None:
    cids, failed, _ = _looked(other)
    assert cids == CIDS[:1]
    assert failed == [(b"b", Changed())]


def test_one_that_is_gone_is_said_to_be() -> None:
    assert _looked(Gone())[1] == [(b"b", Gone())]
