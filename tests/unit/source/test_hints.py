"""Hints: names that are kept, settled and given up; and what lines of an access log name."""

from __future__ import annotations

import pytest

from core.source import hints
from core.source.access_log import take_line
from core.source.hints import Names, cleaned

LINE = "AK {bucket} [25/November/2026:23:00:14 +0000] ::1 AK 80PYQ s3_{op} {key} {uri} {status} "
REST = (
    "- 0 0 3 3 - Boto3/1.40 - hostid SigV4 - AuthHeader s3.x.amazonaws.com - arn:aws:s3:::b/k Yes"
)


def named(
    key: str, uri: str, *, op: str = "PutObject", status: int = 200, bucket: str = "photos"
) -> tuple[dict[bytes, list[bytes]], int]:
    """Return what one line names, and how many named nothing."""
    names = Names()
    line = LINE.format(bucket=bucket, op=op, key=key, uri=uri, status=status) + REST
    take_line(line.encode(), names)
    return dict(names.take(settled=False)), names.nameless


@pytest.mark.parametrize(
    ("key", "uri", "stored"),
    [
        ("a/b", "/photos/a/b", "a/b"),
        ("a b", "/photos/a%20b", "a b"),
        ("a /x/a 200 b", "/photos/a%20/x/a%20200%20b", "a /x/a 200 b"),
        ("é", "/photos/%C3%A9?X-Amz-Signature=SECRET", "é"),
        ("a//b", "/photos/a//b?tagging", "a/b"),
        ("dir/", "/photos/dir/", "dir/"),
        ("-", "/photos/-", "-"),
        ("k", "/k", "k"),  # the bucket stands in the host's name
    ],
)
def test_a_line_names_the_object_as_it_is_stored(key: str, uri: str, stored: str) -> None:
    assert named(key, uri) == ({b"photos": [stored.encode()]}, 0)


@pytest.mark.parametrize("op", ["CopyObject", "DeleteObject", "CompleteMultipartUpload"])
def test_every_kind_of_write_names_its_object(op: str) -> None:
    assert named("k", "/photos/k", op=op) == ({b"photos": [b"k"]}, 0)


def test_what_reads_or_was_refused_names_nothing() -> None:
    for op in ("GetObject", "HeadObject", "ListObjectsV2", "UploadPart", "CreateMultipartUpload"):
        assert named("k", "/photos/k", op=op) == ({}, 0)
    assert named("k", "/photos/k", status=403) == ({}, 0)
    assert named("k", "/photos/k", status=500) == ({b"photos": [b"k"]}, 0), "it may have come"


def test_deletes_in_a_list_are_counted_for_nobody_names_them() -> None:
    assert named("-", "/photos?delete", op="DeleteObjects") == ({}, 1)


@pytest.mark.parametrize("line", [b"", b"log starts 2026", b"\xff\0" * 50, b"a b [c] d e f s3_Put"])
def test_lines_of_another_kind_name_nothing(line: bytes) -> None:
    names = Names()
    take_line(line, names)
    assert not names.take(settled=False)


def test_a_name_settles_for_a_round_and_is_given_once() -> None:
    names = Names()
    names.add(b"b", b"k2")
    assert not names.take()
    names.add(b"b", b"k1")
    names.add(b"a", b"k3")
    assert names.take() == {b"b": [b"k2"]}
    assert names.take() == {b"a": [b"k3"], b"b": [b"k1"]}
    assert not names.take()


def test_too_many_names_are_given_up_for_a_full_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "MOST", 2)
    names = Names()
    for key in (b"1", b"2", b"3", b"4"):
        names.add(b"b", key)
    assert names.wide
    assert not names.take(settled=False), "a part of them would look like the whole"
    names.narrow()
    names.add(b"b", b"5")
    assert (names.wide, names.take(settled=False)) == ("", {b"b": [b"5"]})


def test_a_key_is_cleaned_as_the_gateway_cleans_it() -> None:
    said = {
        b"/a/b": b"a/b",
        b"a/./b": b"a/b",
        b"x/../a/b": b"a/b",
        b"a//": b"a/",
        b"..": b"",
        b"/": b"",
    }
    assert {key: cleaned(key) for key in said} == said
