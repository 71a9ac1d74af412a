"""The metadata text against an independent statement of the guide's rules."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag.canonical import dumps
from core.model import MetaText, Unrepresentable
from core.source.posix.meta import MetaWriter

MTIME_NS = 1_764_590_400_123_456_789
MD5 = "5eb63bbbe01eeed093cb22bb8f5acdc3"
ULID = "01M82TCBGRT4GGFVVW68KGQABX"
SUMS = ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3")
TEXTS = {
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "content-disposition": "content_disposition",
    "cache-control": "cache_control",
    "expires": "expires",
    "website-redirect-location": "website_redirect",
    "version-id": "version_id",
}
# no lone surrogates: they are in no UTF-8
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
value = st.one_of(text.map(str.encode), st.binary(min_size=1, max_size=8))
pairs = st.dictionaries(st.text("abcxyz-éΩ0", min_size=1, max_size=6), text | st.just(""))


@st.composite
def checksums(draw: st.DrawFn) -> dict[str, str | None]:
    raw: dict[str, str | None] = dict.fromkeys(("Algorithm", "Type", *SUMS))
    chosen = draw(st.lists(st.sampled_from(SUMS), min_size=1, max_size=2, unique=True))
    for name in chosen:
        raw[name] = base64.b64encode(draw(st.binary(min_size=4, max_size=8))).decode()
    # a copy onto itself leaves both empty
    raw["Algorithm"] = draw(st.sampled_from([chosen[0], "", None]))
    raw["Type"] = draw(st.sampled_from(["FULL_OBJECT", "COMPOSITE", "", None]))
    return raw


@st.composite
def attribute_sets(draw: st.DrawFn) -> tuple[dict[str, bytes], dict[str, object]]:
    """Draw attributes, and the document that the guide makes of them."""
    stored: dict[str, bytes] = {}
    said: dict[str, object] = {"mtime_ns": str(MTIME_NS), "owner": "AK", "v": 1}
    for attribute, member in TEXTS.items():
        if draw(st.booleans()):
            raw = draw(st.just(ULID.encode()) if attribute == "version-id" else value)
            stored[attribute] = raw
            said[member] = _shown(raw)
    said.setdefault("content_type", "text/plain; charset=utf-8")
    if draw(st.booleans()):
        etag = draw(st.just(MD5) | text.filter(lambda t: not t.startswith('"') and t[-1] != '"'))
        stored["etag"] = f'"{etag}"'.encode()
        said["etag"] = etag
    if draw(st.booleans()):
        raw_sums = draw(checksums())
        stored["checksums"] = json.dumps(raw_sums, separators=(",", ":")).encode()
        shown = {name.lower(): raw_sums[name] for name in SUMS if raw_sums[name]}
        said["checksums"] = shown | ({"type": raw_sums["Type"]} if raw_sums["Type"] else {})
    for attribute, member in (("metadata", "user"), ("X-Amz-Tagging", "tags")):
        if draw(st.booleans()):
            members = draw(pairs)
            stored[attribute] = json.dumps(members, ensure_ascii=draw(st.booleans())).encode()
            if members:
                lower = {k.lower(): v for k, v in members.items()}
                said[member] = lower if member == "user" else members
    if draw(st.booleans()):
        on = draw(st.booleans())
        stored["object-legal-hold"] = b"\x01" if on else b"\x00"
        said |= {"legal_hold": True} if on else {}
    if draw(st.booleans()):
        until = "2031-05-06T07:08:09.5Z"
        kept = {"XMLName": {"Space": ""}, "Mode": "GOVERNANCE", "RetainUntilDate": until}
        stored["object-retention"] = json.dumps(kept).encode()
        said["retention"] = {"mode": "GOVERNANCE", "until": until}
    return stored, said


def _shown(raw: bytes) -> object:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(raw).decode()}


def _text(attributes: dict[str, bytes], size: int = 11, **options: object) -> MetaText:
    writer = MetaWriter("AK", str(options.pop("default_etag", "")))
    is_dir = bool(options.pop("is_dir", False))
    assert not options
    return writer.describe(attributes, size, MTIME_NS, is_dir=is_dir).meta


def _members(attributes: dict[str, bytes], size: int = 11, **options: object) -> dict[str, object]:
    members = json.loads(_text(attributes, size, **options).manifest())
    assert isinstance(members, dict)
    return members


@given(attribute_sets())
def test_the_text_is_the_canonical_json_of_the_guides_document(
    case: tuple[dict[str, bytes], dict[str, object]],
) -> None:
    stored, said = case
    assert _text(stored).manifest() == dumps(said)


@given(attribute_sets())
def test_pin_and_vgwm_fit_in_where_the_text_is_cut(
    case: tuple[dict[str, bytes], dict[str, object]],
) -> None:
    stored, said = case
    meta = _text(stored)
    whole = f'{{{meta.head},"pin":{{}}{meta.mid},"vgwm":{{}}{meta.tail}}}'
    assert whole == dumps(said | {"pin": {}, "vgwm": {}})


@given(attribute_sets())
def test_a_foreign_attribute_changes_nothing_but_the_losses(
    case: tuple[dict[str, bytes], dict[str, object]],
) -> None:
    # It takes the object off the fast way, so both ways are compared, too.
    writer = MetaWriter("AK")
    alone = writer.describe(case[0], 11, MTIME_NS)
    beside = writer.describe(case[0] | {"com.example.tool": b""}, 11, MTIME_NS)
    assert (beside.meta, beside.etag, beside.created_ns) == (
        alone.meta,
        alone.etag,
        alone.created_ns,
    )
    named = [(loss.reason, loss.detail) for loss in beside.losses if loss not in alone.losses]
    assert named == [(Unrepresentable.FOREIGN_XATTR, "com.example.tool")]


def test_the_guides_example() -> None:
    stored = {
        "etag": f'"{MD5}"'.encode(),
        "content-type": b"text/plain",
        "checksums": b'{"Algorithm":"CRC64NVME","Type":"FULL_OBJECT","CRC64NVME":"jSnVw/bqjr4="}',
        "metadata": b'{"batch":"7"}',
        "X-Amz-Tagging": b'{"team":"ops"}',
    }
    meta = MetaWriter("AKBLUE1").describe(stored, 11, MTIME_NS).meta
    assert meta.head == (
        '"checksums":{"crc64nvme":"jSnVw/bqjr4=","type":"FULL_OBJECT"},'
        '"content_type":"text/plain","etag":"5eb63bbbe01eeed093cb22bb8f5acdc3",'
        '"mtime_ns":"1764590400123456789","owner":"AKBLUE1"'
    )
    assert meta.mid == ',"tags":{"team":"ops"},"user":{"batch":"7"},"v":1'
    assert not meta.tail


def test_a_file_without_attributes_shows_the_servers_type_and_no_etag() -> None:
    told = MetaWriter("AK").describe({}, 5, MTIME_NS)
    assert json.loads(told.meta.manifest())["content_type"] == "text/plain; charset=utf-8"
    assert "etag" not in told.meta.head
    assert (told.etag, told.created_ns, told.losses) == (b"", MTIME_NS, ())


def test_the_default_etag_is_shown_where_none_is_stored() -> None:
    assert _members({}, default_etag='"abc"')["etag"] == "abc"
    assert _members({"etag": b'"own"'}, default_etag="abc")["etag"] == "own"


def test_a_directory_object_shows_the_servers_directory_type() -> None:
    assert _members({"etag": b'"x"'}, is_dir=True)["content_type"] == "application/x-directory"


def test_without_an_owner_there_is_no_owner() -> None:
    assert "owner" not in MetaWriter("").describe({}, 0, MTIME_NS).meta.head


def test_an_etag_without_quotes_is_taken_as_it_stands() -> None:
    assert _members({"etag": MD5.encode()})["etag"] == MD5


def test_the_ledgers_etag_is_binary_only_for_a_plain_md5() -> None:
    writer = MetaWriter("AK")
    stored = {"etag": f'"{MD5}"'.encode(), "content-type": b"a/b", "checksums": b"{}"}
    assert writer.describe(stored, 1, 1).etag == bytes.fromhex(MD5)
    assert writer.describe({"etag": f'"{MD5}-2"'.encode()}, 1, 1).etag == f"{MD5}-2".encode()


def test_user_metadata_of_old_releases_counts_only_where_there_is_no_new() -> None:
    old = {"X-Amz-Meta.Foo-Bar": b"V", "X-Amz-Meta.raw": b"\xff"}
    assert _members(old)["user"] == {"foo-bar": "V", "raw": {"b64": "/w=="}}
    assert _members(old | {"metadata": b'{"new":"1"}'})["user"] == {"new": "1"}


def test_names_of_user_metadata_have_no_capitals_on_either_way() -> None:
    usual = {
        "etag": f'"{MD5}"'.encode(),
        "content-type": b"text/plain",
        "checksums": b'{"Algorithm":"CRC32","Type":"FULL_OBJECT","CRC32":"AAAAAA=="}',
        "metadata": b'{"Zeta":"Z","Foo-Bar":"V"}',
    }
    for stored in (usual, usual | {"cache-control": b"no"}):
        assert _members(stored)["user"] == {"foo-bar": "V", "zeta": "Z"}
        assert '{"foo-bar":"V","zeta":"Z"}' in _text(stored).mid


DEEP = b'{"a":' * 9_000 + b"1" + b"}" * 9_000


@pytest.mark.parametrize(
    "value", [b"not json", b'{"CRC32":"\xff","Mode":"\xff"}', DEEP], ids=["word", "bytes", "deep"]
)
@pytest.mark.parametrize("name", ["metadata", "X-Amz-Tagging", "object-retention", "checksums"])
def test_a_broken_attribute_is_left_behind_by_name(name: str, value: bytes) -> None:
    usual = {"etag": f'"{MD5}"'.encode(), "content-type": b"text/plain"}
    for stored in ({}, usual, usual | {"checksums": b'{"CRC32":"AAAAAA=="}'}):
        told = MetaWriter("AK").describe({**stored, name: value}, 1, MTIME_NS)
        assert [(loss.reason, loss.detail) for loss in told.losses] == [
            (Unrepresentable.FOREIGN_XATTR, name)
        ]


def test_a_part_layout_that_is_no_json_is_not_carried() -> None:
    for layout in (b'{"parts":["\xff"]}', DEEP):
        stored = {"etag": f'"{MD5}-2"'.encode(), "mp-metadata": layout}
        assert "parts" not in _members(stored)


def test_a_name_of_old_user_metadata_that_is_not_utf8_is_left_behind() -> None:
    odd = b"X-Amz-Meta.\xff".decode(errors="surrogateescape")
    told = MetaWriter("AK").describe({odd: b"x", "X-Amz-Meta.a": b"y"}, 1, MTIME_NS)
    assert '"user":{"a":"y"}' in told.meta.mid + told.meta.tail
    assert [loss.detail for loss in told.losses] == [odd]


def test_a_value_that_is_not_utf8_is_kept_and_counted() -> None:
    told = MetaWriter("AK").describe({"cache-control": b"\xff"}, 1, MTIME_NS)
    assert '"cache_control":{"b64":"/w=="}' in told.meta.head
    assert [loss.reason for loss in told.losses] == [Unrepresentable.VALUE_NOT_UTF8]


def _layout(ends: list[int]) -> bytes:
    return gzip.compress(json.dumps({"uploadId": "u", "parts": ends}).encode())


def test_a_part_layout_is_carried_where_etag_and_size_agree_with_it() -> None:
    stored = {"etag": f'"{MD5}-2"'.encode(), "mp-metadata": _layout([5, 11])}
    assert _members(stored, 11)["parts"] == [5, 11]
    plain = stored | {"mp-metadata": b'{"uploadId":"u","parts":[5,11]}'}
    assert _members(plain, 11)["parts"] == [5, 11]


@pytest.mark.parametrize(
    ("etag", "ends", "size"),
    [
        (MD5, [5, 11], 11),  # a later single PUT beside an old layout
        (f"{MD5}-3", [5, 11], 11),
        (f"{MD5}-2", [5, 11], 12),
        (f"{MD5}-2", [11, 11 - 6], 5),
    ],
)
def test_a_former_objects_part_layout_is_not(etag: str, ends: list[int], size: int) -> None:
    assert "parts" not in _members(
        {"etag": f'"{etag}"'.encode(), "mp-metadata": _layout(ends)}, size
    )


def test_a_versions_own_time_is_when_it_was_made() -> None:
    writer = MetaWriter("AK")
    made_ns = 1_795_391_106_584_000_000
    assert writer.describe({"version-id": ULID.encode()}, 1, MTIME_NS).created_ns == made_ns
    assert writer.describe({}, 1, MTIME_NS, version=ULID.encode()).created_ns == made_ns
    null = writer.describe({}, 1, MTIME_NS, version=b"null")
    assert null.created_ns == MTIME_NS
    assert "version_id" not in null.meta.mid
