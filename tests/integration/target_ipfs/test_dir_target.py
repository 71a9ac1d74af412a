"""The directory target: what a bundle becomes there, and what is read back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.dag.car_reading import blocks, read_header
from core.dag.cid import text
from core.errors import BadInput, Broken, NodeUnreachable, VgwmError
from core.model import MIB
from core.target.dir_store import DirStore
from core.target.disk_faults import disk_error
from core.target.sink import DiscardSink
from core.target.sink_dir import DirSink
from tests.fakes.bundles import bundle, contents

if TYPE_CHECKING:
    from pathlib import Path

SMALL = bundle(contents("dir", 2000, 300))


@pytest.fixture
def store(tmp_path: Path) -> DirStore:
    store = DirStore(tmp_path / "out")
    store.prepare()
    return store


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_a_bundle_becomes_a_car_and_a_manifest_named_by_its_root(store: DirStore) -> None:
    receipt = SMALL.send(DirSink(store.path))
    root = text(SMALL.root)
    assert names(store.path) == ["bundles", "manifests", "tmp"]
    assert names(store.path / "bundles") == [f"{root}.car"]
    assert names(store.path / "manifests") == [f"{root}.ndjson"]
    assert names(store.path / "tmp") == []
    path = store.path / f"bundles/{root}.car"
    assert path.stat().st_size == receipt.car_bytes == 59 + sum(map(len, SMALL.sections))
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("rb") as file:
        assert read_header(file) == (SMALL.root,)
        file.seek(0)
        assert len(list(blocks(file))) == SMALL.count
    assert store.confirm(SMALL.root, receipt.car_bytes)
    assert list(store.roots()) == [SMALL.root]


def test_pieces_of_any_size_make_the_same_file(store: DirStore) -> None:
    large = bundle([*contents("mixed", 3, MIB), *contents("mixed", 1500, 10)])
    plain = large.send(DirSink(store.path))
    whole = (store.path / f"bundles/{text(large.root)}.car").read_bytes()
    sink = DirSink(store.path)
    sink.begin(2, "1-1")
    for i, section in enumerate(large.sections):
        halves = [section[:7], section[7:]]
        if i % 100:
            sink.put(halves, len(section))
        else:
            sink.put_now([memoryview(bytearray(half)) for half in halves], len(section))
        if i == 700:
            sink.segment(0, 0)
    assert sink.finish(large.root, 0, 0, large.manifest) == plain
    assert (store.path / f"bundles/{text(large.root)}.car").read_bytes() == whole


def test_a_car_of_more_parts_than_one_call_takes_is_whole(store: DirStore) -> None:
    sink = DirSink(store.path)
    sink.begin(1, "1-1")
    for section in SMALL.sections:
        sink.put([bytes((byte,)) for byte in section[:50]] + [section[50:]], len(section))
    sink.finish(SMALL.root, 0, 0, SMALL.manifest)
    assert (
        b"".join(store.read_object(SMALL.root, SMALL.cids[1999])) == contents("dir", 2000, 300)[-1]
    )


def test_the_same_bundle_again_harms_nothing(store: DirStore) -> None:
    first = SMALL.send(DirSink(store.path), number=1)
    assert SMALL.send(DirSink(store.path), number=2) == first
    assert list(store.roots()) == [SMALL.root]


def test_an_abandoned_bundle_leaves_nothing(store: DirStore) -> None:
    sink = DirSink(store.path)
    sink.begin(1, "1-1")
    SMALL.put(sink)
    sink.begin(2, "1-1")
    assert names(store.path / "tmp") == ["2-1-1"]
    sink.close()
    sink.abort()
    assert names(store.path / "tmp") == []


def test_only_what_earlier_epochs_left_is_cleared(store: DirStore) -> None:
    for name in ("5-1-1", "5-2-1", "5-2-1.ndjson", "5-3-1", "notes", "a-b-c"):
        (store.path / "tmp" / name).touch()
    assert store.clear(epoch=3) == 3
    assert names(store.path / "tmp") == ["5-3-1", "a-b-c", "notes"]


def test_a_file_of_another_length_or_no_file_is_not_confirmed(store: DirStore) -> None:
    assert not store.confirm(SMALL.root, 1)
    receipt = SMALL.send(DirSink(store.path))
    assert not store.confirm(SMALL.root, receipt.car_bytes + 1)
    path = store.path / f"bundles/{text(SMALL.root)}.car"
    path.rename(store.path / "elsewhere")
    path.symlink_to(store.path / "elsewhere")
    assert not store.confirm(SMALL.root, receipt.car_bytes)


def test_objects_and_manifest_come_back_by_cid(store: DirStore) -> None:
    SMALL.send(DirSink(store.path))
    wanted = contents("dir", 2000, 300)
    for i in (0, 999, 1999):
        assert b"".join(store.read_object(SMALL.root, SMALL.cids[i])) == wanted[i]
    assert store.manifest(SMALL.root) == SMALL.manifest


def test_a_flipped_bit_is_never_handed_on(store: DirStore) -> None:
    SMALL.send(DirSink(store.path))
    path = store.path / f"bundles/{text(SMALL.root)}.car"
    content = bytearray(path.read_bytes())
    content[59 + 60] ^= 1
    path.write_bytes(content)
    with pytest.raises(Broken, match=r"\.car is damaged"):
        list(store.read_object(SMALL.root, SMALL.cids[0]))


@pytest.mark.parametrize("keep", [0, 10, 59, 1000, -1])
def test_a_cut_file_is_broken(store: DirStore, keep: int) -> None:
    SMALL.send(DirSink(store.path))
    path = store.path / f"bundles/{text(SMALL.root)}.car"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(Broken, match=r"\.car is damaged"):
        store.manifest(SMALL.root)


def test_a_bundle_without_manifest_or_under_a_wrong_name_is_broken(store: DirStore) -> None:
    SMALL.send(DirSink(store.path))
    other = bundle(contents("other", 1))
    folder = store.path / "bundles"
    (folder / f"{text(SMALL.root)}.car").rename(folder / f"{text(other.root)}.car")
    with pytest.raises(Broken, match="its header names another root"):
        store.manifest(other.root)
    with pytest.raises(Broken, match="it is not there"):
        store.manifest(SMALL.root)


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2Jholiday.jpg").touch()
    with pytest.raises(BadInput, match="holds other files") as told:
        DirStore(tmp_path).prepare()
    assert "\x1b" not in str(told.value)
    assert names(tmp_path) == ["\x1b[2Jholiday.jpg"]


@pytest.mark.parametrize("left", ["objects.db-journal", "objects.db-wal", "tmp"])
def test_what_a_killed_engine_left_of_its_own_is_no_other_file(left: str, tmp_path: Path) -> None:
    (tmp_path / left).mkdir() if left == "tmp" else (tmp_path / left).touch()
    DirStore(tmp_path).prepare()


def test_a_directory_with_our_table_is_taken(tmp_path: Path) -> None:
    (tmp_path / "objects.db").touch()
    DirStore(tmp_path).prepare()
    DirStore(tmp_path).prepare()
    assert names(tmp_path) == ["bundles", "manifests", "objects.db", "tmp"]


def test_a_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VgwmError, match="file"):
        DirStore(tmp_path / "file").prepare()


def test_foreign_files_among_the_bundles_are_passed_over(store: DirStore) -> None:
    for name in ("README", "x.car", f"{text(SMALL.root)}.car.tmp", ".car"):
        (store.path / "bundles" / name).touch()
    assert list(store.roots()) == []


@pytest.mark.parametrize("code", range(1, 134))
def test_every_fault_of_a_disk_has_an_error_with_path_and_remedy(tmp_path: Path, code: int) -> None:
    error = disk_error(OSError(code, os.strerror(code)), doing="writing", path=tmp_path)
    assert str(tmp_path) in error.what
    assert error.where == "writing"
    assert error.exit_code in {2, 4, 6}
    if code == 5:
        assert isinstance(error, NodeUnreachable)


def test_a_discarding_sink_counts_bytes_and_keeps_none() -> None:
    sink = DiscardSink()
    assert SMALL.send(sink).car_bytes == sum(map(len, SMALL.sections))
    assert SMALL.send(sink).car_bytes == sum(map(len, SMALL.sections))
