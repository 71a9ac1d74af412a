"""What becomes of an object whose stamps moved while its content did not."""

from __future__ import annotations

import pytest

from core.engine.syncing.deciding import decide
from core.engine.syncing.looking import Looked
from core.engine.syncing.merge import Moved
from core.ledger.sync_looks import StoredObject
from core.model import Cid, ObjectState

LEAF = Cid(b"\x01\x55\x12\x20" + b"l" * 32)
KEY = b"k"


def moved(version: bytes, cid: Cid | None, *, mh: int, table: bool) -> tuple[Moved, Looked]:
    """An object of the ledger's digest 7, found with another ctime and this digest."""
    size = None if cid is None else 5
    stored = StoredObject(KEY, version, ObjectState.RECORDED, size, 1, 2, 3, cid, 7, 4)
    record = (int(ObjectState.RECORDED), cid, b"", size, 1, 2, 9, mh, 1, KEY, version)
    row = ("b", "k") if table else None
    return Moved((KEY, version, size, 1, 2, 9), stored), Looked(record, row)


@pytest.mark.parametrize(("version", "cid"), [(b"01", LEAF), (b"", None), (b"01", None)])
def test_new_metadata_that_no_row_tells_goes_into_a_manifest(
    version: bytes, cid: Cid | None
) -> None:
    one, seen = moved(version, cid, mh=8, table=False)
    decided = decide([one], {(KEY, version): seen})
    assert decided.changed == [one.entry]
    assert not decided.touched


def test_new_metadata_of_a_current_object_goes_into_its_row() -> None:
    one, seen = moved(b"", LEAF, mh=8, table=True)
    decided = decide([one], {(KEY, b""): seen})
    assert [new.touch.mh for new in decided.attrs] == [8]
    assert not decided.changed


@pytest.mark.parametrize(("version", "table"), [(b"", True), (b"01", False)])
def test_stamps_alone_are_noted_and_nothing_is_sent(version: bytes, *, table: bool) -> None:
    one, seen = moved(version, LEAF, mh=7, table=table)
    decided = decide([one], {(KEY, version): seen})
    assert [touch.ctime_ns for touch in decided.touched] == [9]
    assert not decided.changed
    assert not decided.attrs
