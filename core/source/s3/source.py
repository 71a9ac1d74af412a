"""An S3 endpoint as a source of objects.

    source = S3Source(config)
    source.check()                      -> findings; NoGatewayRoot, Denied, NodeUnreachable
    buckets, strays = source.buckets()  -> in byte order of their names
    source.walk(bucket, after)          -> pages of entries in key order
    source.reader(name)                 -> objects' bytes and attributes

It is a `core.source.source.Source`. Nothing is written. A listing shows an object's ETag, size and
time, so those are its fingerprint: a change of tags or metadata alone does not move it.
May import the model, errors, `display`, its own room, and what a posix source has in common.
Source: docs/source.md.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, cast

from core.display import safe
from core.errors import NoGatewayRoot
from core.model import NS_PER_S, Finding, Page, Skip, Unrepresentable
from core.source.posix.beside import Beside
from core.source.posix.buckets import Bucket, StrayEntry, make_bucket
from core.source.posix.names import is_bucket, is_utf8
from core.source.s3.client import S3Client
from core.source.s3.marks import etag_number
from core.source.s3.reader import S3Reader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from core.model import Entry
    from core.source.s3.client import Endpoint
    from core.source.s3.config import S3Config
    from core.source.s3.listed import ListedBucket, Unnamed

_NUMBER_BITS: Final = 63


class S3Source:
    """The endpoint that a configuration names. Each call opens connections of its own."""

    def __init__(self, config: S3Config) -> None:
        self.config = config

    @property
    def default_etag(self) -> str:
        """Return "": an endpoint shows an ETag for every object."""
        return ""

    @property
    def sees_attributes(self) -> bool:
        """Tell that no listing shows a change of tags or metadata alone."""
        return False

    def can_hold(self, key: bytes) -> bool:
        """Tell whether a request can name a key: an empty one names the bucket."""
        return key != b""

    def check(self) -> list[Finding]:
        """Ask for every bucket's settings; return what an operator should know.

        Raises NoGatewayRoot where no bucket is shown, Denied, NoAnswer.
        """
        buckets, strays = self.buckets()
        if not buckets:
            raise NoGatewayRoot(
                what=f"{safe(self.config.endpoint)} shows no bucket to this access key",
                where="source",
                remedy="Use the root account's keys, or an account that may list all buckets.",
            )
        findings = [finding for bucket in buckets for finding in bucket.findings]
        return findings + [_stray_finding(stray) for stray in strays]

    def identity(self) -> tuple[int, int]:
        """Return a number of the endpoint's address, once it answers; and of its region."""
        with S3Client(self.config) as client:
            client.buckets()
        return _number(self.config.endpoint.lower()), _number(self.config.region)

    def buckets(self) -> tuple[list[Bucket], list[StrayEntry]]:
        """Return the buckets in byte order, and what is none of a gateway's."""
        with S3Client(self.config) as client:
            listed = client.buckets()
            found = [_bucket(client, one) for one in listed if is_bucket(one.name)]
        strays = [
            StrayEntry(name=one.name, why="no bucket name")
            for one in listed
            if not is_bucket(one.name)
        ]
        return found, strays

    def bucket(self, name: bytes) -> Bucket:
        """Return one bucket. Raises NoGatewayRoot if it is gone."""
        with S3Client(self.config) as client:
            for one in client.buckets():
                if one.name == name:
                    return _bucket(client, one)
        raise NoGatewayRoot(
            what=f"bucket {safe(name)} is gone",
            where="source",
            remedy="Bring it back, or make a new workspace and plan again.",
        )

    def walk(
        self, bucket: Bucket, after: tuple[bytes, bytes] | None = None
    ) -> Generator[Page, None, None]:
        """Yield the bucket's entries in key order, by pages; to be closed or ended."""
        shown = _Shown()
        behind = after[0] if after is not None else None
        with S3Client(self.config) as client:
            listing = client.listing(bucket.name, after=behind, versions=bucket.versioned)
            for page in listing:
                entries = [
                    (key, version, size, etag_number(etag), modified_ns, 0)
                    for key, version, size, etag, modified_ns in page.rows
                ]
                skips = [shown.skip(one) for one in page.unnamed]
                yield Page(cast("list[Entry]", entries), skips)

    def beside(self, bucket: Bucket) -> Iterator[Beside]:
        """Yield the uploads in progress; what else lies in the store, no client sees."""
        with S3Client(self.config) as client:
            for one in client.uploads(bucket.name):
                begun = f"begun at {one.begun_ns // NS_PER_S} s UTC"
                detail = f"parts of upload {safe(one.upload_id)}, {begun}"
                yield Beside(Unrepresentable.UPLOAD_IN_PROGRESS, one.key, 0, detail)

    def reader(self, name: bytes, *, tick_s: float | None = None) -> S3Reader:  # noqa: ARG002 - a tree's
        """Open a bucket for reading; an answer is of one moment, and has no tick."""
        client = S3Client(self.config)
        try:
            return S3Reader(client, name)
        except BaseException:
            client.close()
            raise


_UNSHOWN: Final = "the listing cannot show its bytes: a posix source would name it"


class _Shown:
    """What a listing shows of keys that it cannot name; each shown text is used once."""

    def __init__(self) -> None:
        self._times: dict[tuple[bytes, bytes], int] = {}

    def skip(self, one: Unnamed) -> Skip:
        """Return the key as skipped: two that are shown alike stay two (I4)."""
        at = (one.shown, one.version)
        seen = self._times[at] = self._times.get(at, 0) + 1
        key = one.shown if seen == 1 else one.shown + b" (%d)" % seen
        return Skip(
            key,
            one.version,
            Unrepresentable.KEY_NOT_UTF8,
            _UNSHOWN if is_utf8(one.shown) else "its bytes are not UTF-8",
        )


def _bucket(client: Endpoint, listed: ListedBucket) -> Bucket:
    attributes = client.bucket_attributes(listed.name)
    return make_bucket(listed.name, attributes, mtime_ns=listed.created_ns, root_account="")


def _number(text: str) -> int:
    digest = blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _NUMBER_BITS)


def _stray_finding(stray: StrayEntry) -> Finding:
    return Finding(
        verdict="warn",
        subject=safe(stray.name),
        evidence=f"is left out: {stray.why} of a gateway",
        remedy="Nothing of it is migrated: copy it into a bucket with a plain name.",
    )
