"""What S3 said of a tree: the expectation that a migration is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Headers of HEAD and GET, and the member of the guide's metadata document that carries each.
CARRIED = {
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "content-disposition": "content_disposition",
    "cache-control": "cache_control",
    "expires": "expires",
    "x-amz-website-redirect-location": "website_redirect",
    "x-amz-version-id": "version_id",
}
CHECKSUM = "x-amz-checksum-"
USER = "x-amz-meta-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTold:
    """One object, old version or delete marker, as HEAD, GET and GET-tagging showed it.

    version: "" for the current one. sha256: of the body that GET gave, hex; "" for a marker.
    tags: None where the gateway answers no such question for that version. parts: end offsets of
    a multipart upload, known from the upload itself.
    """

    bucket: str
    key: str
    version: str = ""
    marker: bool = False
    size: int = 0
    sha256: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    parts: tuple[int, ...] = ()

    @property
    def modified_s(self) -> int:
        """Last-Modified in whole seconds since 1970."""
        return int(parsedate_to_datetime(self.headers["last-modified"]).timestamp())

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "").strip('"')

    def document(self) -> dict[str, object]:
        """Return the members of the `metadata` document that S3 can tell, by the guide's names.

        Not among them: mtime_ns and owner (other parts of S3 tell these), pin, vgwm, v.
        """
        said: dict[str, object] = {
            member: self.headers[name] for name, member in CARRIED.items() if name in self.headers
        }
        if said.get("version_id") == "null":  # no id at all, in the words of S3
            del said["version_id"]
        if self.etag:
            said["etag"] = self.etag
        if self.tags:
            said["tags"] = dict(self.tags)
        if self.parts:
            said["parts"] = list(self.parts)
        said |= self._checksums() | self._user() | self._lock()
        return said

    def _checksums(self) -> dict[str, object]:
        sums = {
            name.removeprefix(CHECKSUM): value
            for name, value in self.headers.items()
            if name.startswith(CHECKSUM)
        }
        return {"checksums": sums} if sums else {}

    def _user(self) -> dict[str, object]:
        user = {
            name.removeprefix(USER): value
            for name, value in self.headers.items()
            if name.startswith(USER)
        }
        return {"user": user} if user else {}

    def _lock(self) -> dict[str, object]:
        said: dict[str, object] = {}
        if self.headers.get("x-amz-object-lock-legal-hold") == "ON":
            said["legal_hold"] = True
        mode = self.headers.get("x-amz-object-lock-mode")
        if mode:
            until = self.headers["x-amz-object-lock-retain-until-date"]
            said["retention"] = {"mode": mode, "until": until}
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipTold:
    """An entry of the tree that is no object for us. name: raw bytes below the bucket."""

    bucket: str
    name: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketTold:
    """A bucket's own settings, as S3 showed them. Absent ones are empty."""

    name: str
    versioning: str = ""
    policy: str = ""
    cors: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeTold:
    """The whole expectation. owner: the root account, which owns every bucket."""

    owner: str
    buckets: tuple[BucketTold, ...]
    objects: tuple[ObjectTold, ...]
    skips: tuple[SkipTold, ...]

    def current(self) -> Iterator[ObjectTold]:
        """Yield the current objects: those that get a row."""
        return (o for o in self.objects if not o.version and not o.marker)

    def versions(self) -> Iterator[ObjectTold]:
        """Yield the old versions that have bytes."""
        return (o for o in self.objects if o.version and not o.marker)

    def markers(self) -> Iterator[ObjectTold]:
        """Yield the delete markers, current and old."""
        return (o for o in self.objects if o.marker)
