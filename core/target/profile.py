"""The target profile: no released gateway fixes the target's schema, so this does.

Two ship as YAML files beside this module, `guide` and `extended`; any other is read from a path.
Source: guide.md 5; the operator's page is docs/profile.md.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import yaml

from core.dag.profile import all_names, by_name
from core.display import safe
from core.errors import BadInput
from core.model import Unrepresentable
from core.target.profile_file import ProfileFile, TableFile
from core.target.shape import Column, Index, Source, TableShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.dag.profile import CidProfile
    from core.target.profile_file import CacheFile, CidFile, PinFile

SHIPPED: Final = ("guide", "extended")
_LARGEST_BYTES: Final = 1 << 20
_FIRST: Final = threading.Lock()
"""msgspec reads a class when it first meets it: two threads at that at once end the process."""
_HERE: Final = Path(__file__).parent / "profiles"

# A profile without the Json column that holds everything leaves these to the manifest alone.
_ONLY_IN_METADATA: Final = frozenset(
    {
        Unrepresentable.CONTENT_DISPOSITION,
        Unrepresentable.WEBSITE_REDIRECT,
        Unrepresentable.OBJECT_LOCK,
        Unrepresentable.PART_LAYOUT,
        Unrepresentable.EXPIRES_UNPARSABLE,
        Unrepresentable.VALUE_NOT_UTF8,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Names, types and codes of the target, fixed for one migration.

    cid: how content becomes CIDs, one of `core.dag.profile`'s.
    digest: SHA-256 in hex of the profile's content, comments and layout of the file aside.
    buckets, cids: None without such a table.
    """

    name: str
    version: int
    cid: CidProfile
    pin: PinFile
    objects: TableShape
    buckets: TableShape | None
    cids: TableShape | None
    pin_status: Mapping[str, int]
    cache: CacheFile
    versions: str
    digest: str

    @property
    def table(self) -> str:
        """The object table's name."""
        return self.objects.name

    @property
    def buckets_table(self) -> str | None:
        """The bucket table's name, None without one."""
        return self.buckets.name if self.buckets else None

    @property
    def objects_columns(self) -> tuple[Column, ...]:
        """The object table's columns, in order."""
        return self.objects.columns

    @property
    def tables(self) -> tuple[TableShape, ...]:
        """Every table of the profile, the object table first."""
        return tuple(t for t in (self.objects, self.cids, self.buckets) if t is not None)

    @property
    def not_in_table(self) -> frozenset[Unrepresentable]:
        """The classes that this profile's tables cannot show, beside those that none can."""
        lost = frozenset[Unrepresentable]()
        if Source.METADATA not in self.objects.sources:
            lost |= _ONLY_IN_METADATA
        if self.buckets is None:
            lost |= {Unrepresentable.BUCKET_ATTR}
        return lost


def load(name_or_path: str) -> Profile:
    """Return a shipped profile by name, or one from a YAML file.

    Raises BadInput for an unknown field, type or source, a missing key column, an absent file.
    """
    path = _HERE / f"{name_or_path}.yaml" if name_or_path in SHIPPED else Path(name_or_path)
    try:
        text = _text_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            what=f"profile {safe(name_or_path)} cannot be read: {safe(str(error))}",
            where="target profile",
            remedy=f"Name a file, or one of: {', '.join(SHIPPED)}.",
        ) from error
    return parse(text, where=safe(name_or_path))


def _text_of(path: Path) -> str:
    # a device never ends, and a pipe that nobody writes to never begins: both would hold the engine
    if not path.is_file():
        raise OSError(errno.ENOENT, "no file stands there")
    with path.open("rb") as file:
        raw = file.read(_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        raise OSError(errno.EFBIG, "it is over 1 MiB")
    return raw.decode("utf-8")


def parse(text: str, *, where: str) -> Profile:
    """Return the profile that a YAML text describes. where: how errors name it. Raises BadInput."""
    try:
        tree = yaml.safe_load(text)
        with _FIRST:
            raw = msgspec.convert(tree, ProfileFile)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise _bad(safe(str(error)), where) from error
    except RecursionError as error:
        raise _bad("it is nested too deep", where) from error
    profile = Profile(
        name=raw.profile,
        version=raw.version,
        cid=_cid_profile(raw.cid, where),
        pin=raw.pin,
        objects=_shape(raw.objects, where),
        buckets=_shape(raw.buckets, where) if raw.buckets else None,
        cids=_shape(raw.cids, where) if raw.cids else None,
        pin_status=raw.pin_status,
        cache=raw.cache,
        versions=raw.versions,
        digest=hashlib.sha256(msgspec.json.encode(raw, order="deterministic")).hexdigest(),
    )
    _check(profile, where)
    return profile


def _bad(what: str, where: str) -> BadInput:
    return BadInput(
        what=what, where=f"profile {where}", remedy="See docs/profile.md for each field."
    )


def _cid_profile(raw: CidFile, where: str) -> CidProfile:
    """Return the known profile with these parameters: each was compared with Kubo's own CIDs."""
    known = map(by_name, all_names())
    wanted = (raw.version, raw.chunk, raw.raw_leaves, raw.max_links)
    for one in known:
        if (one.version, one.chunk_bytes, one.raw_leaves, one.max_links) == wanted:
            return one
    raise _bad("cid: no CID profile has these parameters", where)


def _shape(raw: TableFile, where: str) -> TableShape:
    columns = tuple(
        Column(name=c.name, type=c.type, source=c.source, volatile=c.volatile) for c in raw.columns
    )
    names = [c.name for c in columns]
    if len(set(names)) != len(names):
        raise _bad(f"table {raw.table} names a column twice", where)
    if tuple(names[: len(raw.key)]) != raw.key:
        raise _bad(f"the first columns of {raw.table} are not its key {list(raw.key)}", where)
    index = None
    if raw.index:
        unknown = set(raw.index.columns) - set(names)
        if unknown:
            raise _bad(f"index {raw.index.name} names unknown columns {sorted(unknown)}", where)
        index = Index(name=raw.index.name, columns=raw.index.columns, kind=raw.index.kind)
    return TableShape(name=raw.table, key=raw.key, columns=columns, index=index)


def _check(profile: Profile, where: str) -> None:
    """Hold what the rest of the house relies on: which columns are a row's key."""
    expected: list[tuple[TableShape, tuple[Source, ...]]] = [
        (profile.objects, (Source.BUCKET, Source.KEY))
    ]
    if profile.cids:
        expected.append((profile.cids, (Source.CID, Source.BUCKET, Source.KEY)))
    if profile.buckets:
        expected.append((profile.buckets, (Source.NAME,)))
    for shape, key in expected:
        if shape.sources[: len(key)] != key or len(shape.key) != len(key):
            raise _bad(f"the key of {shape.name} is not filled from {', '.join(key)}", where)
    if profile.objects.position(Source.CID) is None:
        raise _bad(f"no column of {profile.table} holds the CID", where)
    if profile.pin.replication_min > profile.pin.replication_max:
        raise _bad("pin: replication_min is more than replication_max", where)
    if "pinned" not in profile.pin_status:
        raise _bad("pin_status has no code for `pinned`, the only one that a copy writes", where)
