"""An object as green's row describes it, and what blue's gateway has to be told of it. Pure.

May import the target's rows and profile.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from core.dag import cid as cids
from core.dag.errors import BadCid
from core.display import safe
from core.errors import Broken
from core.target.shape import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.model import Cid
    from core.target.profile import Profile
    from core.target.shape import Row

_HEADERS: Final = (
    ("content_type", "content-type"),
    ("content_encoding", "content-encoding"),
    ("content_language", "content-language"),
    ("content_disposition", "content-disposition"),
    ("cache_control", "cache-control"),
    ("expires", "expires"),
    ("website_redirect", "x-amz-website-redirect-location"),
)
_SUMS: Final = frozenset({"crc32", "crc32c", "crc64nvme", "sha1", "sha256"})
_US: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenObject:
    """What blue shall hold. etag: green's, unquoted, "" where the row has none.

    modified_us: UTC, None outside of what the table can hold. headers: of the request that makes
    it, lower case, all but the checksum. checksum: its header's name and value, of the whole
    object, or two empty texts. part_ends: end offsets of its parts, empty for one part. root: what
    pins it, its own CID where the row names none.
    """

    bucket: str
    key: str
    cid: Cid
    size_bytes: int
    etag: str
    modified_us: int | None
    headers: tuple[tuple[str, str], ...]
    checksum: tuple[str, str] = ("", "")
    part_ends: tuple[int, ...] = ()
    root: Cid

    @property
    def tags(self) -> dict[str, str]:
        """Return its tags."""
        told = dict(self.headers).get("x-amz-tagging", "")
        return dict(parse_qsl(told, keep_blank_values=True))

    @property
    def by_parts(self) -> bool:
        """Whether its ETag is that of a multipart upload whose parts are known."""
        return "-" in self.etag and bool(self.part_ends)


class GreenRows:
    """Reads the rows of one profile."""

    def __init__(self, profile: Profile) -> None:
        shape = profile.objects
        self._at = {source: shape.position(source) for source in Source}
        self._fixed = [at for at, column in enumerate(shape.columns) if not column.volatile]

    def digest(self, row: Row) -> bytes:
        """Return what tells a row from every other one of its key; volatile columns aside."""
        return sha256(repr([row[at] for at in self._fixed]).encode()).digest()[:16]

    def cid(self, row: Row) -> Cid | None:
        """Return the row's CID, None where it is none."""
        try:
            return cids.parse(str(self._cell(row, Source.CID)))
        except BadCid:
            return None

    def size_bytes(self, row: Row) -> int:
        """Return the row's size, 0 where it says none."""
        found = self._cell(row, Source.SIZE)
        return found if isinstance(found, int) else 0

    def described(self, row: Row) -> GreenObject:
        """Return what a row describes. Raises Broken for one that says no content."""
        where = f"{row[0]}/{row[1]}"
        cid = self.cid(row)
        if cid is None:
            raise Broken(
                what="green's row names no CID",
                where=safe(where),
                remedy="Look at the row: green's gateway wrote what the profile does not allow.",
            )
        fields = self._fields(row)
        etag = fields.get("etag")
        modified = self._cell(row, Source.MODIFIED)
        return GreenObject(
            bucket=str(row[0]),
            key=str(row[1]),
            cid=cid,
            size_bytes=self.size_bytes(row),
            etag=etag if isinstance(etag, str) else "",
            modified_us=modified if isinstance(modified, int) else None,
            headers=tuple(_headers(fields)),
            checksum=_checksum(_texts(fields.get("checksums"))),
            part_ends=_ends(fields.get("parts")),
            root=_root(fields.get("pin")) or cid,
        )

    def _fields(self, row: Row) -> Mapping[str, object]:
        """Return a row's attributes by the names of the metadata text."""
        if self._at[Source.METADATA] is not None:
            return _json(self._cell(row, Source.METADATA))
        expires = self._cell(row, Source.EXPIRES)
        return {
            **{source.value: self._cell(row, source) for source in _COLUMNS},
            "user": _json(self._cell(row, Source.USER)),
            "tags": _json(self._cell(row, Source.TAGS)),
            "expires": _http_date(expires) if isinstance(expires, int) else None,
        }

    def _cell(self, row: Row, source: Source) -> object:
        at = self._at[source]
        return None if at is None else row[at]


_COLUMNS: Final = (
    Source.ETAG,
    Source.CONTENT_TYPE,
    Source.CONTENT_ENCODING,
    Source.CONTENT_LANGUAGE,
    Source.CACHE_CONTROL,
)


def _headers(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, header in _HEADERS:
        value = _text(fields.get(name))
        if value:
            yield header, value
    user = fields.get("user")
    for name, kept in sorted(user.items()) if isinstance(user, dict) else ():
        value = _text(kept)
        if value is not None:
            yield f"x-amz-meta-{name}".lower(), value
    tags = _texts(fields.get("tags"))
    if tags:
        yield "x-amz-tagging", "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted(tags.items()))
    retention = _texts(fields.get("retention"))
    if retention:
        yield "x-amz-object-lock-mode", retention.get("mode", "")
        yield "x-amz-object-lock-retain-until-date", retention.get("until", "")
    if fields.get("legal_hold") is True:
        yield "x-amz-object-lock-legal-hold", "ON"


def _text(value: object) -> str | None:
    """Return a value as a header's text; one that is no UTF-8 travels as `{"b64": ..}`."""
    if isinstance(value, str):
        # HTTP's bytes: aiohttp writes headers in UTF-8, as S3 clients do
        return value
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        return base64.b64decode(value["b64"]).decode("utf-8", "surrogateescape")
    return None


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): text for name, text in value.items() if isinstance(text, str)}


def _checksum(sums: Mapping[str, str]) -> tuple[str, str]:
    """Return the header of a checksum of the whole object; one of parts is made anew by blue."""
    if sums.get("type") == "COMPOSITE":
        return "", ""
    name = next((name for name in sorted(sums) if name in _SUMS), "")
    return (f"x-amz-checksum-{name}", sums[name]) if name else ("", "")


def _root(pin: object) -> Cid | None:
    found = pin.get("root") if isinstance(pin, dict) else None
    try:
        return cids.parse(found) if isinstance(found, str) else None
    except BadCid:
        return None


def _ends(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(end, int) for end in value):
        return ()
    return tuple(value)


def _json(text: object) -> dict[str, object]:
    try:
        read = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):  # nested too deep is no object's either
        return {}
    return read if isinstance(read, dict) else {}


def _http_date(at_us: int) -> str:
    return format_datetime(_EPOCH + at_us * _US, usegmt=True)
