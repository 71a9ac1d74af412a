"""The target profiles: what ships, what a file may say, what it may not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.dag.profile import UNIXFS_V1_2025
from core.errors import BadInput
from core.model import Unrepresentable
from core.target import profile as profiles
from core.target.shape import ColumnType, IndexKind, Source

GUIDE_TEXT = (Path(profiles.__file__).parent / "profiles" / "guide.yaml").read_text()


def test_guide_has_the_eight_columns_of_the_guide() -> None:
    guide = profiles.load("guide")
    assert guide.table == "versitygw_objects"
    assert guide.buckets_table == "versitygw_buckets"
    assert [f"{c.name} {c.type}" for c in guide.objects_columns] == [
        "bucket Utf8",
        "s3_key Utf8",
        "cid Utf8",
        "size Uint64",
        "created_at Timestamp",
        "updated_at Timestamp",
        "metadata Json",
        "pin_status Uint32",
    ]
    assert guide.objects.index is not None
    assert guide.objects.index.kind is IndexKind.ASYNC


def test_extended_has_31_columns_and_its_tables() -> None:
    extended = profiles.load("extended")
    assert [shape.name for shape in extended.tables] == [
        "object_mappings",
        "cid_index",
        "bucket_metadata",
    ]
    by_type: dict[ColumnType, int] = {}
    for column in extended.objects_columns:
        by_type[column.type] = by_type.get(column.type, 0) + 1
    assert by_type == {
        ColumnType.UTF8: 15,
        ColumnType.INT64: 3,
        ColumnType.INT32: 2,
        ColumnType.BOOL: 2,
        ColumnType.JSON: 4,
        ColumnType.TIMESTAMP: 5,
    }


def test_extended_never_fills_the_column_by_which_objects_are_swept() -> None:
    columns = profiles.load("extended").objects_columns
    assert [c.source for c in columns if c.name == "expires_at"] == [Source.NULL]


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_only_pinned_is_written_and_it_is_2(name: str) -> None:
    assert profiles.load(name).pin_status["pinned"] == 2


def test_what_guide_cannot_show_is_nothing_and_what_extended_cannot_is_listed() -> None:
    assert profiles.load("guide").not_in_table == frozenset()
    assert profiles.load("extended").not_in_table == {
        Unrepresentable.CONTENT_DISPOSITION,
        Unrepresentable.WEBSITE_REDIRECT,
        Unrepresentable.OBJECT_LOCK,
        Unrepresentable.PART_LAYOUT,
        Unrepresentable.EXPIRES_UNPARSABLE,
        Unrepresentable.VALUE_NOT_UTF8,
    }


def test_without_a_bucket_table_bucket_attributes_are_lost() -> None:
    text = re.sub(r"(?ms)^buckets:.*?(?=^pin_status)", "", GUIDE_TEXT)
    assert Unrepresentable.BUCKET_ATTR in profiles.parse(text, where="t").not_in_table


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_i2_the_cid_profile_is_one_that_was_compared_with_kubo(name: str) -> None:
    assert profiles.load(name).cid is UNIXFS_V1_2025


def test_ages_of_the_cache_are_seconds() -> None:
    ttl = profiles.load("guide").cache.ttl
    assert [ttl.seconds("mapping"), ttl.seconds("bucket")] == [1800, 3600]


def test_the_digest_changes_with_the_content_and_not_with_comments() -> None:
    shipped = profiles.load("guide")
    commented = profiles.parse(f"# a word\n{GUIDE_TEXT}\n", where="t")
    renamed = profiles.parse(GUIDE_TEXT.replace("versitygw_objects", "objects"), where="t")
    assert commented.digest == shipped.digest
    assert renamed.digest != shipped.digest


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(GUIDE_TEXT.replace("profile: guide", "profile: own"))
    assert profiles.load(str(path)).name == "own"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("pin_status:", "pins:"), "pins"),
        (("type: Uint64", "type: Uint65"), "Uint65"),
        (("from: cid", "from: cidd"), "cidd"),
        (("key: [bucket, s3_key]", "key: [s3_key, bucket]"), "key"),
        (
            ("{name: s3_key, type: Utf8, from: key}", "{name: s3_key, type: Utf8, from: etag}"),
            "key",
        ),
        (("versitygw_objects", "versitygw objects"), "table"),
        (("versitygw_objects", "x; DROP TABLE y"), "table"),
        (("columns: [cid]", "columns: [nothing]"), "nothing"),
        (("name: size", "name: cid"), "twice"),
        (("from: cid}", "from: 'null'}"), "CID"),
        (("pinned: 2, ", ""), "pinned"),
        (("replication_min: 2", "replication_min: 0"), "replication_min"),
        (("replication_min: 2", "replication_min: 4"), "replication_min"),
        (("chunk: 1048576", "chunk: 1048577"), "CID profile"),
        (("hash: sha2-256", "hash: sha2-512"), "hash"),
        (("versions: archive", "versions: [archive"), "versions"),
        (("versions: archive", "versions: burn"), "burn"),
        (("mapping: 30m", "mapping: 30 minutes"), "mapping"),
        (("version: 1\n", "version: one\n"), "version"),
        (("profile: guide", "profile: [guide]"), "profile"),
    ],
)
def test_a_wrong_file_is_bad_input_and_tells_where(change: tuple[str, str], told: str) -> None:
    text = GUIDE_TEXT.replace(*change, 1)
    assert text != GUIDE_TEXT
    with pytest.raises(BadInput, match=told) as caught:
        profiles.parse(text, where="t")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "[]", "null", "a: b", "\x00"])
def test_a_file_of_something_else_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        profiles.parse(text, where="t")


def test_an_absent_file_is_bad_input_and_names_what_ships(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="guide, extended"):
        profiles.load(str(tmp_path / "absent.yaml"))


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_the_documentation_lists_every_column_as_it_is(name: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / "profile.md").read_text()
    for shape in profiles.load(name).tables:
        lines = [f"| `{shape.name}` | Type | From |", "|---|---|---|"]
        for column in shape.columns:
            kind = f"{column.type}{', key' if column.name in shape.key else ''}"
            volatile = ", volatile" if column.volatile else ""
            lines.append(f"| `{column.name}` | {kind}{volatile} | `{column.source}` |")
        assert "\n".join(lines) in text


def test_the_documentation_names_every_source() -> None:
    text = (Path(__file__).parents[3] / "docs" / "profile.md").read_text()
    table = text[text.index("## What fills a column") : text.index("## `guide`")]
    assert set(re.findall(r"`(\w+)`", table)) >= {source.value for source in Source}


def test_a_pipe_or_a_file_without_end_is_no_profile(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * ((1 << 20) + 1))
    for name in (str(tmp_path / "pipe"), "/dev/zero", str(tmp_path / "large")):
        with pytest.raises(BadInput, match="cannot be read"):
            profiles.load(name)


def test_a_profile_that_is_nested_too_deep_is_bad_input() -> None:
    with pytest.raises(BadInput, match="nested"):
        profiles.parse("[" * 100_000, where="t")
