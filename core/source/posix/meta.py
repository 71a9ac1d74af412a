"""From attributes to an object's canonical `metadata` text. Pure; on the hot path.

    writer = MetaWriter(owner="AKBLUE1", default_etag="")          # one per bucket
    told = writer.describe(attributes, size_bytes, mtime_ns, is_dir=False, version=b"")
    told.meta        -> MetaText (guide.md 5: sorted, no spaces, raw UTF-8, absent = not set)
    told.etag        -> for the ledger: 16 bytes of a plain MD5, else the unquoted text; b"" without
    told.created_ns  -> the version id's own time, else mtime_ns
    told.losses      -> what of the object is left behind, by class and name; () nearly always

May import the model, canonical JSON, and of its own room the attribute names and checksums.
"""

from __future__ import annotations

import base64
from typing import Final, NamedTuple

import msgspec

from core.dag.canonical import json_string
from core.model import MetaText, Unrepresentable
from core.source.posix.attributes import LEGACY_USER, OBJECT_NAMES, Attributes
from core.source.posix.checksums import (
    NO_JSON,
    Checksums,
    etag_text,
    is_md5,
    parse_checksums,
    trusted_parts,
)
from core.source.posix.names import NULL_VERSION, ulid_ms

DEFAULT_TYPE: Final = b"text/plain; charset=utf-8"
"""What the gateway says of a file without a content type."""

DEFAULT_DIR_TYPE: Final = b"application/x-directory"
"""What it says of a directory object without one."""

_HOLD_ON: Final = b"\x01"
_HOT: Final = frozenset({"etag", "content-type", "checksums"})
_HOT_MORE: Final = _HOT | {"metadata", "version-id"}
_CACHED: Final = 4_096
NS_PER_MS: Final = 1_000_000
_MD5_TEXT: Final = 34  # 32 digits and two quotes
_QUOTE: Final = ord('"')
_HEX: Final = b"0123456789abcdef"
_TEXTS: Final = (
    ("cache_control", "cache-control"),
    ("content_disposition", "content-disposition"),
    ("content_encoding", "content-encoding"),
    ("content_language", "content-language"),
    ("expires", "expires"),
    ("website_redirect", "website-redirect-location"),
)


class Loss(NamedTuple):
    """An attribute that is left behind. detail: its name."""

    reason: Unrepresentable
    detail: str


class Described(NamedTuple):
    """What the attributes of one object say; see the top of the module."""

    meta: MetaText
    etag: bytes
    created_ns: int
    losses: tuple[Loss, ...] = ()


class _Retention(msgspec.Struct, frozen=True, gc=False):
    Mode: str
    RetainUntilDate: str


_texts: Final = msgspec.json.Decoder(dict[str, str])
_retention: Final = msgspec.json.Decoder(_Retention)


class MetaWriter:
    """Writes the metadata of one bucket's objects.

    owner: the bucket's, "" for none. default_etag: of the gateway, for objects without an ETag.
    """

    def __init__(self, owner: str, default_etag: str = "") -> None:
        self._default_etag = default_etag
        self._owner = owner
        self._owner_member = f',"owner":{json_string(owner)}' if owner else ""
        self._types: dict[bytes, str] = {}

    def describe(
        self,
        attributes: Attributes,
        size_bytes: int,
        mtime_ns: int,
        *,
        is_dir: bool = False,
        version: bytes = b"",
    ) -> Described:
        """Return the metadata of an object. size_bytes: of its bytes, to judge its part layout.

        version: the id that an old version is stored under, b"" for the current one.
        """
        names = attributes.keys()
        if not version and (names == _HOT or _HOT <= names <= _HOT_MORE):
            told = self._hot(attributes, mtime_ns)
            if told is not None:
                return told
        return _Sheet(attributes, self._default_etag).describe(
            self._owner, size_bytes, mtime_ns, is_dir=is_dir, version=version
        )

    def _hot(self, attributes: Attributes, mtime_ns: int) -> Described | None:
        """Return what nearly every object is: a plain MD5, a type, a checksum; else None.

        User metadata and a version id may come with them.
        """
        etag = attributes["etag"]
        hexes = etag[1:-1]
        if len(etag) != _MD5_TEXT or hexes.translate(None, _HEX) or etag[0] != _QUOTE != etag[-1]:
            return None
        kind = self._types.get(attributes["content-type"])
        if kind is None:
            kind = self._type(attributes["content-type"])
        sums = parse_checksums(attributes["checksums"])
        user = _user_member(attributes["metadata"]) if "metadata" in attributes else ""
        if kind is None or sums is None or user is None:
            return None
        text = hexes.decode()
        head = (
            f'"checksums":{_sums_json(sums)},{kind},"etag":"{text}","mtime_ns":"{mtime_ns}"'
            f"{self._owner_member}"
        )
        etag_bytes = bytes.fromhex(text)
        if "version-id" not in attributes:
            return Described(MetaText(head, f'{user},"v":1', ""), etag_bytes, mtime_ns)
        version = attributes["version-id"]
        made = ulid_ms(version)
        if made is None:
            return None
        mid = f'{user},"v":1,"version_id":"{version.decode()}"'
        return Described(MetaText(head, mid, ""), etag_bytes, made * NS_PER_MS)

    def _type(self, value: bytes) -> str | None:
        """Return the member of a content type and remember it; None for one of the slow way."""
        if not value:
            return None
        try:
            member = f'"content_type":{json_string(value.decode())}'
        except UnicodeDecodeError:
            return None
        if len(self._types) >= _CACHED:
            self._types.clear()
        self._types[value] = member
        return member


class _Sheet:
    """One object's attributes on their way to members: name -> JSON text."""

    def __init__(self, attributes: Attributes, default_etag: str) -> None:
        self._attributes = attributes
        self._etag = etag_text(attributes, default_etag)
        self._members: dict[str, str] = {}
        self._losses: list[Loss] = []

    def describe(
        self, owner: str, size_bytes: int, mtime_ns: int, *, is_dir: bool, version: bytes
    ) -> Described:
        self._members = {"mtime_ns": f'"{mtime_ns}"', "v": "1"}
        if owner:
            self._members["owner"] = json_string(owner)
        for member, attribute in _TEXTS:
            self._text(member, self._attributes.get(attribute))
        self._content_type(is_dir=is_dir)
        self._etag_member()
        self._sums()
        self._parts(size_bytes)
        self._user()
        self._tags()
        self._locks()
        self._version(version)
        self._losses += [Loss(Unrepresentable.FOREIGN_XATTR, name) for name in self._foreign()]
        made = ulid_ms(version or self._attributes.get("version-id", b""))
        return Described(
            self._cut(),
            _ledger_etag(self._etag, self._attributes.get("etag", b"")),
            mtime_ns if made is None else made * NS_PER_MS,
            tuple(self._losses),
        )

    def _cut(self) -> MetaText:
        """Cut the sorted members where `pin` and `vgwm` go."""
        members = sorted(self._members.items())
        head = ",".join(f'"{name}":{text}' for name, text in members if name < "pin")
        mid = "".join(f',"{name}":{text}' for name, text in members if "pin" < name < "vgwm")
        tail = "".join(f',"{name}":{text}' for name, text in members if name > "vgwm")
        return MetaText(head, mid, tail)

    def _text(self, member: str, value: bytes | None) -> None:
        """Set a member to a text as it was sent; an empty one is not shown by S3."""
        if value:
            self._members[member] = self._json(value, member)

    def _json(self, value: bytes, named: str) -> str:
        try:
            return json_string(value.decode())
        except UnicodeDecodeError:
            self._losses.append(Loss(Unrepresentable.VALUE_NOT_UTF8, named))
            return f'{{"b64":"{base64.b64encode(value).decode()}"}}'

    def _content_type(self, *, is_dir: bool) -> None:
        default = DEFAULT_DIR_TYPE if is_dir else DEFAULT_TYPE
        self._text("content_type", self._attributes.get("content-type") or default)

    def _etag_member(self) -> None:
        if self._etag is not None:
            self._members["etag"] = json_string(self._etag)
        else:
            raw = self._attributes.get("etag", b"")
            self._text("etag", raw.removeprefix(b'"').removesuffix(b'"'))

    def _sums(self) -> None:
        raw = self._attributes.get("checksums")
        sums = parse_checksums(raw) if raw else None
        if sums is not None and sums.values():
            self._members["checksums"] = _sums_json(sums)
        elif raw and sums is None:
            self._lose("checksums")

    def _parts(self, size_bytes: int) -> None:
        ends = trusted_parts(self._attributes, self._etag, size_bytes)
        if ends:
            self._members["parts"] = f"[{','.join(map(str, ends))}]"

    def _user(self) -> None:
        raw = self._attributes.get("metadata")
        if raw is not None:
            # Old names that the gateway rewrote keep their capitals there; S3's headers have none.
            self._pairs("user", "metadata", raw, lower=True)
            return
        old: dict[str, bytes] = {}
        for name, value in self._attributes.items():
            if name.startswith(LEGACY_USER):
                if _is_text(name):
                    old[name.removeprefix(LEGACY_USER).lower()] = value
                else:
                    self._lose(name)
        if old:
            texts = (f"{json_string(k)}:{self._json(v, k)}" for k, v in sorted(old.items()))
            self._members["user"] = f"{{{','.join(texts)}}}"

    def _tags(self) -> None:
        raw = self._attributes.get("X-Amz-Tagging")
        if raw is not None:
            self._pairs("tags", "X-Amz-Tagging", raw)

    def _pairs(self, member: str, attribute: str, raw: bytes, *, lower: bool = False) -> None:
        """Set a member to a JSON object of texts, in canonical order; an empty one is not set."""
        try:
            pairs = _texts.decode(raw)
        except NO_JSON:
            self._lose(attribute)
            return
        if lower:
            pairs = {name.lower(): value for name, value in pairs.items()}
        if pairs:
            texts = (f"{json_string(k)}:{json_string(v)}" for k, v in sorted(pairs.items()))
            self._members[member] = f"{{{','.join(texts)}}}"

    def _locks(self) -> None:
        hold = self._attributes.get("object-legal-hold")
        if hold == _HOLD_ON:
            self._members["legal_hold"] = "true"
        raw = self._attributes.get("object-retention")
        if raw is None:
            return
        try:
            kept = _retention.decode(raw)
        except NO_JSON:
            self._lose("object-retention")
            return
        mode, until = json_string(kept.Mode), json_string(kept.RetainUntilDate)
        self._members["retention"] = f'{{"mode":{mode},"until":{until}}}'

    def _version(self, version: bytes) -> None:
        named = self._attributes.get("version-id") or version
        self._text("version_id", b"" if named == NULL_VERSION else named)

    def _lose(self, attribute: str) -> None:
        """Leave an attribute behind that is not what its name says."""
        self._losses.append(Loss(Unrepresentable.FOREIGN_XATTR, attribute))

    def _foreign(self) -> list[str]:
        return sorted(
            name
            for name in self._attributes.keys() - OBJECT_NAMES
            if not name.startswith(LEGACY_USER)
        )


def _is_text(name: str) -> bool:
    """Tell whether an attribute's name is UTF-8, as the name of user metadata has to be."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _user_member(raw: bytes) -> str | None:
    """Return user metadata with a comma before it, "" for none; None for one of the slow way."""
    try:
        pairs = _texts.decode(raw)
    except NO_JSON:
        return None
    if not pairs:
        return ""
    pairs = {name.lower(): value for name, value in pairs.items()}
    texts = [f"{json_string(name)}:{json_string(pairs[name])}" for name in sorted(pairs)]
    return f',"user":{{{",".join(texts)}}}'


def _sums_json(sums: Checksums) -> str:
    """Return the checksums as a JSON object, algorithms and type in canonical order."""
    only = sums.only()
    # Nearly always one, and `type` stands behind every name but the xxhashes'.
    if only is not None and sums.kind == "FULL_OBJECT" and only[0] < "type":
        return f'{{"{only[0]}":{json_string(only[1])},"type":"FULL_OBJECT"}}'
    pairs = sums.values()
    if sums.kind:
        pairs.append(("type", sums.kind))
        pairs.sort()
    return "{" + ",".join([f'"{name}":{json_string(text)}' for name, text in pairs]) + "}"


def _ledger_etag(etag: str | None, raw: bytes) -> bytes:
    if etag is None:
        return raw
    return bytes.fromhex(etag) if is_md5(etag) else etag.encode()
