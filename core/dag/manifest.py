"""A bundle's manifest: NDJSON, a header line and a line per entry in key order.

From it alone the object rows are made again. It names no root and no clock, so that the same
source gives the same root. Lines end in a line feed and are split at nothing else. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from core.dag import cid as cids
from core.dag.canonical import dumps, json_string
from core.dag.errors import BadCid, BadManifest

if TYPE_CHECKING:
    from core.model import Cid

VERSION: Final = 1


class SourceStamp(NamedTuple):
    """The source file as it was read: ino, ctime and mtime (ns), gid, mode, uid.

    ctime_ns: in sidecar mode the digest of both ctimes.
    """

    ino: int
    ctime_ns: int
    mtime_ns: int
    gid: int
    mode: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestHeader:
    """The first line. bundle: its number. workspace_id: 8 hex. profile: of the target."""

    bundle: int
    workspace_id: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One key or version. A delete marker has neither cid, name nor size.

    meta_text: the canonical `metadata` JSON without `pin` and `vgwm`. name: in the bundle's
    directory. version: None for the current one.
    """

    bucket: str
    key: str
    meta_text: str
    source: SourceStamp
    version: str | None = None
    marker: bool = False
    cid: Cid | None = None
    name: str | None = None
    size: int | None = None


def header_line(bundle: int, workspace_id: str, profile: str) -> str:
    """Return the first line, with its line feed."""
    name = json_string(profile)
    return (
        f'{{"bundle":{bundle},"id":{json_string(workspace_id)},"profile":{name},"v":{VERSION}}}\n'
    )


def source_text(stamp: SourceStamp) -> str:
    """Return the `src` member's value; times and inode are text, for JSON numbers end at 2^53."""
    ino, ctime_ns, mtime_ns, gid, mode, uid = stamp
    return (
        f'{{"ct":"{ctime_ns}","gid":{gid},"ino":"{ino}","mode":{mode},'
        f'"mt":"{mtime_ns}","uid":{uid}}}'
    )


def entry_line(entry: ManifestEntry) -> str:
    """Return an entry's line, with its line feed: canonical JSON."""
    bucket, key = json_string(entry.bucket), json_string(entry.key)
    source = source_text(entry.source)
    version = "" if entry.version is None else f',"version":{json_string(entry.version)}'
    if entry.marker:
        return (
            f'{{"bucket":{bucket},"key":{key},"marker":true,"meta":{entry.meta_text},'
            f'"src":{source}{version}}}\n'
        )
    if entry.cid is None or entry.name is None or entry.size is None:
        raise ValueError("an entry with bytes needs cid, name and size")
    return (
        f'{{"bucket":{bucket},"cid":"{cids.text(entry.cid)}","key":{key},'
        f'"meta":{entry.meta_text},"name":"{entry.name}","size":{entry.size},'
        f'"src":{source}{version}}}\n'
    )


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole manifest in memory: at most one bundle."""

    header: ManifestHeader
    entries: tuple[ManifestEntry, ...]

    def text(self) -> str:
        """Return it as it stands in the bundle; parse(text()) is equal."""
        head = self.header
        lines = [header_line(head.bundle, head.workspace_id, head.profile)]
        lines += map(entry_line, self.entries)
        return "".join(lines)

    @staticmethod
    def parse(text: str) -> Manifest:
        """Return the manifest of a text; BadManifest names the first line that is malformed."""
        lines = text.split("\n")
        if lines.pop() or not lines:
            raise BadManifest("cut off: the last line does not end")
        entries = tuple(_entry(number, line) for number, line in enumerate(lines[1:], 2))
        return Manifest(_header(lines[0]), entries)


class _SourceLine(msgspec.Struct, forbid_unknown_fields=True):
    ct: str
    gid: int
    ino: str
    mode: int
    mt: str
    uid: int


class _HeaderLine(msgspec.Struct, forbid_unknown_fields=True):
    bundle: int
    id: str
    profile: str
    v: Literal[1]


class _EntryLine(msgspec.Struct, forbid_unknown_fields=True):
    bucket: str
    key: str
    meta: dict[str, object]
    src: _SourceLine
    version: str | None = None
    marker: bool = False
    cid: str | None = None
    name: str | None = None
    size: int | None = None


_HEADER: Final = msgspec.json.Decoder(_HeaderLine)
_ENTRY: Final = msgspec.json.Decoder(_EntryLine)


def _header(line: str) -> ManifestHeader:
    try:
        head = _HEADER.decode(line)
    except msgspec.DecodeError as e:
        raise BadManifest(f"line 1: {e}") from e
    return ManifestHeader(bundle=head.bundle, workspace_id=head.id, profile=head.profile)


def _entry(number: int, line: str) -> ManifestEntry:
    try:
        seen = _ENTRY.decode(line)
        src = seen.src
        stamp = SourceStamp(int(src.ino), int(src.ct), int(src.mt), src.gid, src.mode, src.uid)
        cid = None if seen.cid is None else cids.parse(seen.cid)
    except (msgspec.DecodeError, BadCid, ValueError) as e:
        raise BadManifest(f"line {number}: {e}") from e
    if any((v is None) != seen.marker for v in (cid, seen.name, seen.size)):
        raise BadManifest(f"line {number}: cid, name and size belong to content, not to a marker")
    return ManifestEntry(
        bucket=seen.bucket,
        key=seen.key,
        meta_text=dumps(seen.meta),
        source=stamp,
        version=seen.version,
        marker=seen.marker,
        cid=cid,
        name=seen.name,
        size=seen.size,
    )
