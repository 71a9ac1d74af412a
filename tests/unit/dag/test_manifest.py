from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.canonical import dumps, json_string
from core.dag.errors import BadManifest
from core.dag.manifest import (
    Manifest,
    ManifestEntry,
    ManifestHeader,
    SourceStamp,
    entry_line,
    header_line,
)
from core.dag.unixfs import raw_leaf

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NS = st.integers(-(2**63), 2**63 - 1)
META = st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.dictionaries(TEXT, TEXT)))
STAMP = st.builds(
    SourceStamp,
    ino=st.integers(0, 2**64 - 1),
    ctime_ns=NS,
    mtime_ns=NS,
    gid=st.integers(0, 2**32),
    mode=st.integers(0, 0o177777),
    uid=st.integers(0, 2**32),
)
COMMON = {
    "bucket": TEXT,
    "key": TEXT,
    "meta_text": META.map(dumps),
    "source": STAMP,
    "version": st.one_of(st.none(), TEXT),
}
CONTENT = st.builds(
    ManifestEntry,
    **COMMON,
    cid=st.binary(min_size=32, max_size=32).map(lambda d: cids.RAW + d),
    name=st.integers(0, 999999).map("{:06d}".format),
    size=st.integers(0, 2**50),
)
MARKER = st.builds(ManifestEntry, **COMMON, marker=st.sampled_from([True]))
ENTRY = st.one_of(CONTENT, MARKER)
HEADER = st.builds(ManifestHeader, bundle=st.integers(0, 2**53), workspace_id=TEXT, profile=TEXT)

HELLO = ManifestEntry(
    bucket="b",
    key="a/x",
    meta_text='{"v":1}',
    source=SourceStamp(7, 2, 3, 0, 33188, 1),
    cid=raw_leaf(b"hello world"),
    name="000000",
    size=11,
)


def test_the_lines_are_those_of_the_format() -> None:
    assert header_line(17, "9f2c1a7e", "guide") == (
        '{"bundle":17,"id":"9f2c1a7e","profile":"guide","v":1}\n'
    )
    assert entry_line(HELLO) == (
        '{"bucket":"b","cid":"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",'
        '"key":"a/x","meta":{"v":1},"name":"000000","size":11,'
        '"src":{"ct":"2","gid":0,"ino":"7","mode":33188,"mt":"3","uid":1}}\n'
    )


@given(HEADER, st.lists(ENTRY, max_size=4))
def test_parse_reads_back_what_text_wrote(
    header: ManifestHeader, entries: list[ManifestEntry]
) -> None:
    manifest = Manifest(header, tuple(entries))
    assert Manifest.parse(manifest.text()) == manifest


@given(HEADER, ENTRY)
def test_lines_are_canonical_json(header: ManifestHeader, entry: ManifestEntry) -> None:
    lines = header_line(header.bundle, header.workspace_id, header.profile) + entry_line(entry)
    assert lines.count("\n") == 2
    for line in lines.split("\n")[:-1]:
        assert dumps(json.loads(line)) == line


@given(TEXT)
def test_json_string_escapes_as_dumps_does(text: str) -> None:
    assert json_string(text) == dumps(text)


def test_canonical_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(float("nan"))


GOOD = Manifest(ManifestHeader(bundle=1, workspace_id="9f2c1a7e", profile="guide"), (HELLO,)).text()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (GOOD, "", "cut off"),
        ("}}\n", "}}", "cut off"),
        ('"v":1}\n{"bucket', '"v":2}\n{"bucket', "line 1"),
        ('"bundle":1', '"bundle":"1"', "line 1"),
        ('"size":11', '"size":11,"extra":1', "line 2"),
        ('"size":11,', "", "line 2"),
        ('"size":11', '"marker":true,"size":11', "line 2"),
        ("bafkrei", "bafkreI", "line 2"),
        ('"ino":"7"', '"ino":"seven"', "line 2"),
        ('"meta":{"v":1}', '"meta":[1]', "line 2"),
        ('{"bucket"', '"bucket"', "line 2"),
    ],
)
def test_a_malformed_manifest_names_its_line(old: str, new: str, line: str) -> None:
    assert old in GOOD
    with pytest.raises(BadManifest, match=line):
        Manifest.parse(GOOD.replace(old, new))


def test_content_without_a_cid_is_not_written() -> None:
    with pytest.raises(ValueError, match="needs cid"):
        entry_line(ManifestEntry(bucket="b", key="k", meta_text="{}", source=HELLO.source))
