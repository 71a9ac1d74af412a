"""Object rows: the texts that a copy writes, and the same again from a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.canonical import dumps
from core.dag.manifest import Manifest, ManifestEntry, ManifestHeader, SourceStamp
from core.errors import Broken
from core.model import Bundle, BundleKind, Cid, MetaText
from core.target import profile as profiles
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.target.rows_again import meta_text, rows_from_manifest
from core.target.shape import TIMESTAMP_END_NS
from core.target.version_time import created_ns

GUIDE = profiles.load("guide")
EXTENDED = profiles.load("extended")
META = MetaText(
    '"checksums":{"crc64nvme":"jSnVw/bqjr4=","type":"FULL_OBJECT"},"content_type":"text/plain",'
    '"etag":"5eb63bbbe01eeed093cb22bb8f5acdc3","mtime_ns":"1764590400123456789",'
    '"owner":"AKBLUE1"',
    ',"tags":{"team":"ops"},"user":{"batch":"7"},"v":1',
    "",
)
MTIME_NS = 1_764_590_400_123_456_789
ROOT = Cid(cids.DAG_PB + bytes(32))
BUNDLE = PinnedBundle("b", "bafyroot", 17, ("p1", "p2"), "alice")
ENTRY = RowEntry("a/x", "bafkreix", 11, MTIME_NS, MTIME_NS, META, "000000")


def test_the_guides_row_is_the_documented_one() -> None:
    row = RowMaker(GUIDE, "9f2c1a7e").guide_row(
        "b", "a/x", "bafkreix", 11, MTIME_NS, MTIME_NS + 1_000_000, META, "000000", "bafyroot", 17
    )
    assert row == (
        "b",
        "a/x",
        "bafkreix",
        11,
        1_764_590_400_124_456,
        1_764_590_400_123_456,
        (
            '{"checksums":{"crc64nvme":"jSnVw/bqjr4=","type":"FULL_OBJECT"},'
            '"content_type":"text/plain","etag":"5eb63bbbe01eeed093cb22bb8f5acdc3",'
            '"mtime_ns":"1764590400123456789","owner":"AKBLUE1",'
            '"pin":{"path":"000000","root":"bafyroot"},"tags":{"team":"ops"},'
            '"user":{"batch":"7"},"v":1,"vgwm":{"bundle":17,"plan":"9f2c1a7e"}}'
        ),
        2,
    )


def test_rows_of_a_bundle_are_the_rows_one_by_one() -> None:
    maker = RowMaker(GUIDE, "9f2c1a7e")
    [row] = maker.rows(BUNDLE, [ENTRY])
    assert row == maker.guide_row("b", *ENTRY, "bafyroot", 17)


@pytest.mark.parametrize(
    ("time_ns", "shown"),
    [
        (0, 0),
        (999, 0),
        (-1, None),
        (TIMESTAMP_END_NS - 1, TIMESTAMP_END_NS // 1000 - 1),
        (TIMESTAMP_END_NS, None),
    ],
)
def test_a_time_outside_1970_to_2106_is_absent(time_ns: int, shown: int | None) -> None:
    entry = ENTRY._replace(mtime_ns=time_ns, created_ns=time_ns)
    [row] = RowMaker(GUIDE, "9f2c1a7e").rows(BUNDLE, [entry])
    assert row[4:6] == (shown, shown)


def test_another_order_of_the_same_columns_is_only_another_order() -> None:
    text = (Path(profiles.__file__).parent / "profiles" / "guide.yaml").read_text()
    size = "    - {name: size, type: Uint64, from: size}\n"
    hits = "    - {name: hits, type: Int64, from: zero}\n"
    moved = text.replace(size, "").replace("\nbuckets:", f"\n{size}{hits}buckets:")
    [row] = RowMaker(profiles.parse(moved, where="t"), "9f2c1a7e").rows(BUNDLE, [ENTRY])
    assert (row[:3], row[-3:]) == (("b", "a/x", "bafkreix"), (2, 11, 0))


def test_extended_has_a_column_for_each_attribute() -> None:
    meta = MetaText(
        '"cache_control":"no-store","checksums":{"crc32":"AAAAAA==","type":"COMPOSITE"},'
        '"content_encoding":"gzip","content_language":"de","content_type":"text/plain",'
        '"etag":"abc-2","expires":"Thu, 01 Dec 1994 16:00:00 GMT"',
        ',"tags":{"t":"1"},"user":{"k":"v"},"v":1,"version_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"',
        "",
    )
    [row] = RowMaker(EXTENDED, "9f2c1a7e").rows(BUNDLE, [ENTRY._replace(meta=meta)])
    shown = dict(zip(EXTENDED.objects.names, row, strict=True))
    assert shown == {
        "bucket": "b",
        "s3_key": "a/x",
        "cid": "bafkreix",
        "size": 11,
        "content_type": "text/plain",
        "content_encoding": "gzip",
        "content_language": "de",
        "cache_control": "no-store",
        "expires": 786_297_600_000_000,
        "version_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "is_latest": True,
        "delete_marker": False,
        "etag": "abc-2",
        "md5_hash": None,
        "sha256": None,
        "checksum": "CRC32-COMPOSITE:AAAAAA==",
        "user_metadata": '{"k":"v"}',
        "tags": '{"t":"1"}',
        "owner": "alice",
        "acl": None,
        "pin_status": 2,
        "replication_count": 2,
        "pinned_nodes": '["p1","p2"]',
        "access_count": 0,
        "transfer_count": 0,
        "last_access_ip": None,
        "geographic_access": None,
        "created_at": 1_764_590_400_123_456,
        "updated_at": 1_764_590_400_123_456,
        "accessed_at": None,
        "expires_at": None,
    }


JSON_VALUES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
METADATA = st.dictionaries(
    st.sampled_from(["etag", "owner", "parts", "tags", "user", "version_id", "website_redirect"]),
    JSON_VALUES,
).map(lambda made: {**made, "checksums": {}, "v": 1})


@given(METADATA)
def test_metadata_text_stays_canonical_whatever_is_in_it(metadata: dict[str, object]) -> None:
    entry = ENTRY._replace(meta=meta_text(metadata))
    [row] = RowMaker(GUIDE, "9f2c1a7e").rows(BUNDLE, [entry])
    pin = {"path": "000000", "root": "bafyroot"}
    ours = {"bundle": 17, "plan": "9f2c1a7e"}
    assert row[6] == dumps({**metadata, "pin": pin, "vgwm": ours})
    assert meta_text(metadata).manifest() == dumps(metadata)


def manifest_of(*entries: ManifestEntry) -> Manifest:
    return Manifest(ManifestHeader(bundle=17, workspace_id="9f2c1a7e", profile="guide"), entries)


def entry_of(key: str, meta: str, *, version: str | None = None) -> ManifestEntry:
    return ManifestEntry(
        bucket="b",
        key=key,
        meta_text=meta,
        source=SourceStamp(1, 2, MTIME_NS, 0, 33188, 0),
        version=version,
        cid=ROOT,
        name="000000",
        size=11,
    )


def bundle_of(root: Cid | None) -> Bundle:
    return Bundle(
        id=17,
        bucket_id=1,
        bucket=b"b",
        first=(b"", b""),
        last=(b"", b""),
        kind=BundleKind.RANGE,
        objects=1,
        size_bytes=11,
        root=root,
        allocations=("p1", "p2"),
    )


@pytest.mark.parametrize("profile", [GUIDE, EXTENDED], ids=["guide", "extended"])
def test_i5_rows_from_a_manifest_equal_the_rows_of_the_copy(profile: profiles.Profile) -> None:
    maker = RowMaker(profile, "9f2c1a7e")
    text = cids.text(ROOT)
    wanted = maker.rows(
        PinnedBundle("b", text, 17, ("p1", "p2"), "alice"), [ENTRY._replace(cid_text=text)]
    )
    manifest = Manifest.parse(manifest_of(entry_of("a/x", META.manifest())).text())
    assert rows_from_manifest(manifest, bundle_of(ROOT), maker, "alice") == wanted


def test_old_versions_and_delete_markers_have_no_row() -> None:
    marker = ManifestEntry(
        bucket="b",
        key="gone",
        meta_text='{"v":1}',
        source=SourceStamp(1, 2, 3, 0, 0, 0),
        marker=True,
    )
    old = entry_of("a/x", META.manifest(), version="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    manifest = manifest_of(entry_of("a/x", META.manifest()), old, marker)
    rows = rows_from_manifest(manifest, bundle_of(ROOT), RowMaker(GUIDE, "9f2c1a7e"), "")
    assert [row[1] for row in rows] == ["a/x"]


def test_i1_a_bundle_without_a_root_has_no_rows() -> None:
    with pytest.raises(Broken):
        rows_from_manifest(manifest_of(), bundle_of(None), RowMaker(GUIDE, "9f2c1a7e"), "")


def test_created_at_is_the_version_ids_own_time() -> None:
    # The time of this published ULID is 1469922850259 ms.
    assert created_ns("01ARZ3NDEKTSV4RRFFQ69G5FAV", 5) == 1_469_922_850_259_000_000
    text = json.dumps({"mtime_ns": "7000", "v": 1, "version_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    manifest = manifest_of(entry_of("a/x", text))
    [row] = rows_from_manifest(manifest, bundle_of(ROOT), RowMaker(GUIDE, "9f2c1a7e"), "")
    assert row[4:6] == (1_469_922_850_259_000, 7)


@pytest.mark.parametrize(
    "version_id", [None, "null", "", "01ARZ3NDEKTSV4RRFFQ69G5FA", "81ARZ3NDEKTSV4RRFFQ69G5FAV", 7]
)
def test_any_other_version_id_has_no_time(version_id: object) -> None:
    assert created_ns(version_id, 5) == 5
