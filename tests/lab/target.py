"""What stands on the target, read without the project's own code: rows, pins, manifests, bytes."""

from __future__ import annotations

import hashlib
import http.client
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.lab.kubo import KuboNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the guide's object table."""

    bucket: str
    key: str
    cid: str
    size: int
    created_us: int | None
    updated_us: int | None
    metadata: dict[str, object]
    pin_status: int

    @property
    def root(self) -> str:
        """The bundle that holds it."""
        pin = self.metadata["pin"]
        if not isinstance(pin, dict):
            raise LabError(f"{self.key!r} has no pin")
        return str(pin["root"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry of a bundle's manifest."""

    root: str
    bucket: str
    key: str
    version: str
    marker: bool
    cid: str
    name: str
    size: int
    meta: dict[str, object]


def row(values: Sequence[object]) -> Row:
    """Return a row of the table's eight columns in their order."""
    bucket, key, cid, size, created, updated, metadata, status = values
    return Row(
        bucket=str(bucket),
        key=str(key),
        cid=str(cid),
        size=_number(size),
        created_us=None if created is None else _number(created),
        updated_us=None if updated is None else _number(updated),
        metadata=json.loads(str(metadata)),
        pin_status=_number(status),
    )


def rows(table: Path) -> list[Row]:
    """Return the rows of an SQLite object table, in its order."""
    with closing(sqlite3.connect(f"file:{table}?mode=ro", uri=True)) as base:
        found = base.execute(
            "SELECT bucket, s3_key, cid, size, created_at, updated_at, metadata, pin_status"
            " FROM versitygw_objects ORDER BY bucket, s3_key"
        ).fetchall()
    return [row(values) for values in found]


def bucket_rows(table: Path) -> dict[str, dict[str, object]]:
    """Return the metadata documents of the bucket table, by name."""
    with closing(sqlite3.connect(f"file:{table}?mode=ro", uri=True)) as base:
        found = base.execute("SELECT name, metadata FROM versitygw_buckets").fetchall()
    return {name: json.loads(metadata) for name, metadata in found}


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise LabError(f"{value!r} is no whole number")
    return value


def lines(root: str, manifest: bytes) -> Iterator[Line]:
    """Yield the entries of a bundle's manifest, which is NDJSON."""
    _header, *entries = manifest.split(b"\n")[:-1]
    for entry in map(json.loads, entries):
        yield Line(
            root=root,
            bucket=entry["bucket"],
            key=entry["key"],
            version=entry.get("version", ""),
            marker=entry.get("marker", False),
            cid=entry.get("cid", ""),
            name=entry.get("name", ""),
            size=entry.get("size", 0),
            meta=entry["meta"],
        )


class Fetcher:
    """Reads of one Kubo node by CID, offline, over one connection."""

    def __init__(self, kubo: KuboNode) -> None:
        parts = urlsplit(kubo.url)
        self.name = kubo.name
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def cat(self, path: str) -> bytes:
        """Return the bytes of a CID, or CID/name. Raises LabError where the node has them not."""
        self._connection.request("POST", f"/api/v0/cat?arg={path}&offline=true")
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise LabError(f"{self.name} does not hold {path}: {body[:200]!r}")
        return body

    def sha256(self, cid: str) -> str:
        """Return the SHA-256 of a file's bytes, hex."""
        return hashlib.sha256(self.cat(cid)).hexdigest()
