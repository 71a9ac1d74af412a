"""What a listing says. Imports nothing of the project."""

from __future__ import annotations

from typing import NamedTuple


class Listed(NamedTuple):
    """One row of a bucket's listing; on the hot path a plain tuple of this shape.

    key: the true bytes. version: b"" for the current one, else its id. size_bytes: None for a
    delete marker. etag: as S3 writes it, without its quotes; "" for a marker. modified_ns: UTC,
    whole seconds, as the headers of a GET have it too.
    """

    key: bytes
    version: bytes
    size_bytes: int | None
    etag: str
    modified_ns: int


class Unnamed(NamedTuple):
    """A row whose true key the listing cannot show: XML has no place for its bytes.

    shown: what the listing has in its place. size_bytes: as in `Listed`.
    """

    shown: bytes
    version: bytes
    size_bytes: int | None


class ListingPage(NamedTuple):
    """Up to some thousand rows in key order; a key's old versions follow its current one.

    A key's versions may run over into the next page. unnamed: rows met among them.
    """

    rows: list[Listed]
    unnamed: list[Unnamed]


class ListedBucket(NamedTuple):
    """A bucket that the account sees. created_ns: UTC."""

    name: bytes
    created_ns: int


class Upload(NamedTuple):
    """A multipart upload that is neither finished nor aborted. begun_ns: UTC."""

    key: bytes
    upload_id: str
    begun_ns: int
