"""An S3 source that turns hostile behind the copy: proofs and rounds say so, and change nothing.

Elsewhere: backups that are cut off, changed or foreign in `test_metadata_keeping` and
`engine/test_keeping`; reports that were edited in `unit/verify/test_report_reading`; clients that
meet such an endpoint in `source/test_s3_*`; wrong keys of a real gateway in `real/test_s3_source`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.fakes.s3_endpoint import (
    ACCESS,
    SECRET,
    XMLNS,
    Asked,
    Bucket,
    S3Endpoint,
    Say,
    answer,
    refusal,
)
from tests.integration.cli.shell import Ran, vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

EVERY_BYTE = [bytes([byte]) for byte in range(1, 128)]
ENV = {"LIAR_ACCESS": ACCESS, "LIAR_SECRET": SECRET}
EMPTY = {
    "versioning": "VersioningConfiguration",
    "versions": "ListVersionsResult",
    "uploads": "ListMultipartUploadsResult",
}
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b"<ListBucketResult><Name>&c;</Name></ListBucketResult>"
)
ENDLESS = (
    f'<ListBucketResult xmlns="{XMLNS}"><IsTruncated>true</IsTruncated>'
    "<NextContinuationToken>6b</NextContinuationToken>"
    "<Contents><Key>k</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>"
).encode()


class Command(Protocol):
    async def __call__(self, *words: str) -> Ran: ...


@dataclass
class Liar:
    """An endpoint with one bucket. lie: what it says instead, None where it tells the truth."""

    bucket: Bucket
    lie: Callable[[Asked], Say | None] = field(default=lambda _: None)

    def says(self, asked: Asked) -> Say:
        said = self.lie(asked)
        if said is not None:
            return said
        if not asked.bucket:
            row = "<Bucket><Name>photos</Name><CreationDate>2026-11-26T01:34:25Z</CreationDate>"
            body = f"<ListAllMyBucketsResult xmlns='{XMLNS}'><Buckets>{row}</Bucket></Buckets>"
            return answer(200, f"{body}</ListAllMyBucketsResult>".encode())
        settings = asked.query.keys() - {"list-type", "encoding-type", "delimiter", "prefix"}
        if not asked.key and settings & EMPTY.keys():
            return answer(200, f'<{EMPTY[min(settings & EMPTY.keys())]} xmlns="{XMLNS}"/>'.encode())
        if not asked.key and "acl" in settings:
            owner = f"<Owner><ID>{ACCESS}</ID></Owner><AccessControlList/>"
            return answer(200, f"<AccessControlPolicy>{owner}</AccessControlPolicy>".encode())
        if not asked.key and not settings <= {"start-after", "continuation-token", "max-keys"}:
            return refusal(404, "NoSuchBucketPolicy")
        return self.bucket.says(asked)


@pytest.fixture
def liar() -> Liar:
    keys = [b"k", *(b"with-" + byte + b"-in" for byte in EVERY_BYTE if byte != b"/")]
    return Liar(Bucket({key: b"body of " + key for key in keys}))


@pytest.fixture
def url(liar: Liar) -> Iterator[str]:
    endpoint = S3Endpoint(liar.says)
    yield endpoint.url
    endpoint.close()


@pytest.fixture
async def command(url: str, tmp_path: Path) -> AsyncIterator[Command]:
    """Return how to run vgwm on a workspace that was copied from the endpoint."""

    async def run(*words: str) -> Ran:
        return await vgwm(*words, "-w", str(tmp_path / "ws"), home=tmp_path, env=ENV)

    keys = ("--s3-access-key-env", "LIAR_ACCESS", "--s3-secret-env", "LIAR_SECRET")
    to = ("--target", f"dir:{tmp_path / 'out'}")
    made = await run("init", "--source", f"s3:{url}", *keys, *to)
    assert made.code == 0, made.err
    for verb in ("plan", "copy"):
        ran = await run(verb)
        assert ran.code == 0, ran.err
    yield run
    await run("engine", "stop")


def standing(folder: Path) -> tuple[object, ...]:
    """What must not change: the target's files, its tables' rows, the ledger's objects."""
    files = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "out").rglob("*"))
        if path.is_file() and not path.name.startswith("objects.db")
    }
    objects = _rows(folder / "out" / "objects.db", "versitygw_objects")
    buckets = _rows(folder / "out" / "objects.db", "versitygw_buckets")
    ledger = folder / "ws" / "ledger.db"
    return files, objects, buckets, _rows(ledger, "objects"), _rows(ledger, "bundles")


def _rows(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return sorted(map(repr, conn.execute(f"SELECT * FROM {table}")))  # noqa: S608 - a name


def _listing(said: Say) -> Callable[[Asked], Say | None]:
    return lambda asked: said if "list-type" in asked.query else None


def _no_bucket(asked: Asked) -> Say | None:
    return refusal(404, "NoSuchBucket") if asked.bucket else None


LIES: dict[str, tuple[Callable[[Asked], Say | None], int, str]] = {
    "wrong keys": (lambda _: refusal(403, "SignatureDoesNotMatch"), 6, "SignatureDoesNotMatch"),
    "a clock that is off": (lambda _: refusal(403, "RequestTimeTooSkewed"), 6, "NTP"),
    "an endless listing": (_listing(answer(200, ENDLESS)), 7, "does not advance"),
    "entities that grow": (_listing(answer(200, BOMB)), 7, "declares entities"),
    "a proxy's page": (_listing(answer(200, b"<html>Sign in</html>")), 7, "no ListBucketResult"),
    "no such bucket": (_no_bucket, 2, "there is no such bucket"),
}
"""What the endpoint says, the exit code that it ends in, and a part of the error."""


@pytest.mark.timeout(240)
async def test_i7_a_source_that_turns_hostile_is_named_and_changes_nothing(
    command: Command, liar: Liar, tmp_path: Path
) -> None:
    objects = _rows(tmp_path / "out" / "objects.db", "versitygw_objects")
    assert len(objects) == len(liar.bucket.objects)
    verified = await command("verify", "--json")
    assert verified.code == 0, verified.err
    before = standing(tmp_path)
    for name, (lie, code, text) in LIES.items():
        liar.lie = lie
        for words in (("verify",), ("sync", "--once")):
            ran = await command(*words, "--json")
            assert (ran.code, ran.out) == (code, ""), (name, words, ran.err)
            error = ran.error()
            assert text in error["what"] + error["remedy"], (name, words)
            assert error["where"], (name, words)
            assert error["remedy"], (name, words)
            assert SECRET not in ran.err
            assert standing(tmp_path) == before, (name, words)
    liar.lie = lambda _: None
    assert (await command("verify")).code == 0


@pytest.mark.timeout(240)
async def test_words_that_name_nothing_are_bad_input_and_begin_no_job(
    command: Command, tmp_path: Path
) -> None:
    before = standing(tmp_path)
    jobs = (await command("jobs", "--json")).out
    for words in (
        ("verify", "--bucket", "no-such"),
        ("missing", "--bucket", "no-such"),
        ("verify", "--seed", "abc"),
        ("verify", "--seed", str(1 << 80)),
        ("verify", "--slice", "no-such"),
        ("verify", "--replicas", "all"),
        ("sync", "--since", "soon"),
        ("metadata", "repair", "--from", "reports/verify-1"),
        ("metadata", "rebuild", "--from", str(tmp_path)),
    ):
        ran = await command(*words, "--json")
        assert (ran.code, ran.error()["code"]) == (2, "bad_input"), (words, ran.err)
    assert (await command("jobs", "--json")).out == jobs
    assert standing(tmp_path) == before
