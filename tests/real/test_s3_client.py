"""The S3 client against the real VersityGW: every byte in keys, bodies, large objects, refusals."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, Denied, NodeUnreachable
from core.model import Integrity
from core.source.posix.config import PosixConfig
from core.source.posix.integrity import verdict_small
from core.source.posix.large import page_buffer
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import Gone, SmallRead
from core.source.posix.read import BucketReader
from core.source.posix.source import PosixSource
from core.source.posix.walk import walk
from core.source.s3.client import S3Client
from core.source.s3.fetched import Larger, Missed, Wanted, Whole
from core.source.s3.handle import Door
from core.source.s3.headers import attributes
from core.source.s3.lane import Lane
from core.source.s3.reader import S3Reader
from core.source.s3.sign import Signer
from core.source.s3.stream import LargeStream, Streamer
from tests.fakes.s3_endpoint import config_of
from tests.lab.authority import Authority
from tests.lab.gateway import Gateway
from tests.lab.tree.history import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.client import BaseClient

    from core.source.s3.config import S3Config
    from core.source.s3.listed import Listed
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools
    from tests.lab.tree.grow import GatewayTree

MIB = 1 << 20
HANGS = b"fifo"
"""The gateway lists it, and its GET never ends: half a minute, twice."""

SKEW_S = 3_600.0


def _config(gateway: Gateway) -> S3Config:
    return config_of(gateway.url, access=gateway.account.access, secret=gateway.account.secret)


@pytest.fixture
def client(gateway_tree: GatewayTree) -> Iterator[S3Client]:
    with S3Client(_config(gateway_tree.gateway)) as opened:
        yield opened


@pytest.fixture(scope="module")
def gateway(tools: Tools, tmp_path_factory: pytest.TempPathFactory, keeper: Keeper) -> Gateway:
    folder = tmp_path_factory.mktemp("s3-client")
    made = Gateway("gateway-s3", tools.path("versitygw"), folder, with_sidecar=False)
    made.start(keeper)
    return made


@pytest.fixture
def own(gateway: Gateway) -> Iterator[BaseClient]:
    with gateway.client() as opened:
        yield opened


def _rows(client: S3Client, bucket: bytes, *, versions: bool) -> list[Listed]:
    return [row for page in client.listing(bucket, versions=versions) for row in page.rows]


def test_i4_a_whole_tree_is_listed_and_read_as_the_gateway_shows_it(
    gateway_tree: GatewayTree, client: S3Client
) -> None:
    told = {(o.bucket, o.key, o.version): o for o in gateway_tree.told.objects}
    unseen = set(told)
    for bucket in client.buckets():
        name = bucket.name.decode()
        settings = client.bucket_attributes(bucket.name)
        rows = _rows(client, bucket.name, versions="versioning" in settings)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        wanted = [Wanted(*row[:2], row[2]) for row in rows if row[2] is not None]
        wanted = [one for one in wanted if one.key != HANGS]
        for got in client.fetch(bucket.name, wanted, 32 * MIB):
            assert not isinstance(got, Larger)
            key = (name, got.wanted.key.decode(), got.wanted.version.decode())
            if key not in told:  # what was written behind the gateway: links, folders
                continue
            assert isinstance(got, Whole), got
            expected = told[key]
            assert hashlib.sha256(got.body).hexdigest() == expected.sha256, key
            assert got.head.modified_ns // 10**9 == expected.modified_s, key
            parts = client.parts(bucket.name, got.wanted, got.head)
            _same_metadata(got, parts, expected.document(), key)
            unseen.discard(key)
        markers = {(name, row[0].decode(), row[1].decode()) for row in rows if row[2] is None}
        markers.discard((HIDDEN.bucket, HIDDEN.name.decode(), ""))  # to S3 it is deleted
        assert markers == {key for key in unseen if key[0] == name and told[key].marker}
        unseen -= markers
    # whose bytes XML has no place for: the listing names them as such, see below
    assert {key[1] for key in unseen} <= {"control\x01\x02\x1b[31m", "nonchar\ufffe"}


def _same_metadata(
    got: Whole, parts: tuple[int, ...], expected: dict[str, object], key: tuple[str, str, str]
) -> None:
    told = attributes(got.head, got.tags, parts)
    described = MetaWriter("").describe(told, len(got.body), 0, version=got.wanted.version)
    assert verdict_small(got.body, told, "verify") is not Integrity.STALE_ETAG
    if parts:
        assert verdict_small(got.body, told, "verify") is Integrity.OK
    ours = json.loads(described.meta.manifest())
    for name in ("mtime_ns", "v"):
        ours.pop(name, None)
    for name in ("legal_hold", "retention"):  # HEAD alone tells of locks
        expected.pop(name, None)
    assert ours == expected, key
    assert described.losses == ()


def test_i4_keys_that_no_listing_can_show_are_told_apart(
    gateway_tree: GatewayTree, client: S3Client
) -> None:
    pages = list(client.listing(b"lab-odd"))
    unnamed = [one for page in pages for one in page.unnamed]
    assert len(unnamed) == 2
    keys = {o.key for o in gateway_tree.told.current() if o.bucket == "lab-odd"}
    assert sum(len(page.rows) for page in pages) + len(unnamed) == len(keys)


BYTES = [bytes([byte]) for byte in range(1, 128) if byte != ord("/")]
OTHERS = ["é", "\u0085", "\u2028", "\ufffd", "\U0001f5c2", "a\u0301"]


def test_every_byte_of_a_key_goes_there_and_comes_back(gateway: Gateway, own: BaseClient) -> None:
    keys = [b"k" + byte + b"k" for byte in BYTES] + [f"k{text}k".encode() for text in OTHERS]
    own.create_bucket(Bucket="bytes")
    for key in keys:
        own.put_object(Bucket="bytes", Key=key.decode(), Body=key)
    with S3Client(_config(gateway)) as client:
        pages = list(client.listing(b"bytes"))
        listed = {row[0] for page in pages for row in page.rows}
        unnamed = [one for page in pages for one in page.unnamed]
        got = list(client.fetch(b"bytes", map(Wanted, keys), MIB))
    assert [one.body for one in got if isinstance(one, Whole)] == keys
    hidden = [key for key in keys if key not in listed]
    assert len(unnamed) == len(hidden)
    assert all(key[1] < 0x20 and key[1:2] not in b"\t\n\r" for key in hidden)
    assert listed <= set(keys)


def test_a_bucket_that_the_gateway_cannot_list_is_no_empty_one(
    gateway: Gateway, own: BaseClient
) -> None:
    own.create_bucket(Bucket="unlisted")
    own.put_object(Bucket="unlisted", Key="k", Body=b"x")
    folder = os.fsencode(gateway.root) + b"/unlisted/not-utf8-\xff"
    os.mkdir(folder)  # noqa: PTH102 - a name that is no text
    with open(folder + b"/x", "wb"):  # noqa: PTH123 - as above
        pass
    with S3Client(_config(gateway)) as client, pytest.raises(NodeUnreachable) as raised:
        list(client.listing(b"unlisted"))
    assert "500" in raised.value.what or "InternalError" in raised.value.what
    assert "as posix" in raised.value.remedy


def test_a_large_object_comes_whole_in_ranges_and_never_mixed(
    gateway: Gateway, own: BaseClient
) -> None:
    body = hashlib.shake_128(b"large").digest(20 * MIB + 17)
    own.create_bucket(Bucket="large")
    own.put_object(Bucket="large", Key="k", Body=body)
    streamer = Streamer(Door(_config(gateway)))
    buffer = page_buffer(MIB)
    got = streamer.open(b"large", Wanted(b"k"))
    assert isinstance(got, LargeStream)
    with got:
        assert b"".join(map(bytes, got.chunks(buffer))) == body
        part = b"".join(map(bytes, got.chunks(buffer, offset=MIB + 1, length=5 * MIB)))
        assert part == body[MIB + 1 : 6 * MIB + 1]
        assert got.unchanged()
        own.put_object(Bucket="large", Key="k", Body=body[::-1])
        assert not list(got.chunks(buffer, offset=MIB))  # asked for under the old ETag
        assert not got.unchanged()
    own.delete_object(Bucket="large", Key="k")
    assert isinstance(streamer.open(b"large", Wanted(b"k")), Gone)
    streamer.close()


def test_what_was_deleted_meanwhile_is_gone_and_its_tags_are_not_missed(
    gateway: Gateway, own: BaseClient
) -> None:
    own.create_bucket(Bucket="some")
    for at in range(20):
        own.put_object(Bucket="some", Key=f"k{at:02}", Body=b"x", Tagging=f"n={at}")
    with S3Client(_config(gateway)) as client:
        wanted = [Wanted(row[0]) for row in _rows(client, b"some", versions=False)]
        own.delete_object(Bucket="some", Key="k07")
        got = list(client.fetch(b"some", wanted, MIB))
        assert client.tags(b"some", Wanted(b"k03")) == b'{"n": "3"}'
    missed = [one for one in got if isinstance(one, Missed)]
    assert [(one.wanted.key, one.fault) for one in missed] == [(b"k07", Gone())]
    tags = [json.loads(one.tags) for one in got if isinstance(one, Whole)]
    assert tags == [{"n": str(at)} for at in range(20) if at != 7]


def test_i4_versions_over_several_pages_come_once_as_the_tree_has_them(
    gateway: Gateway, own: BaseClient
) -> None:
    """The gateway repeats rows where a key's versions run over a page's end."""
    own.create_bucket(Bucket="history")
    own.put_bucket_versioning(Bucket="history", VersioningConfiguration={"Status": "Enabled"})
    keys = [f"k{at:03}" for at in range(160)]  # one run, so two pages
    with ThreadPoolExecutor(4) as pool:
        for _ in range(7):  # 1,120 rows: a page holds 1,000
            list(pool.map(lambda key: own.put_object(Bucket="history", Key=key, Body=b"x"), keys))
    own.delete_object(Bucket="history", Key=keys[80])
    tree = PosixSource(PosixConfig(root=gateway.root, versioning_dir=gateway.versioning_dir))
    entries = [e for page in walk(tree, tree.bucket(b"history")) for e in page.entries]
    with S3Client(_config(gateway)) as client:
        rows = _rows(client, b"history", versions=True)
        behind = entries[500][0]
        later = [
            row[0]
            for page in client.listing(b"history", after=behind, versions=True)
            for row in page.rows
        ]
    assert len(entries) > 1_000
    assert [row[:3] for row in rows] == [tuple(entry[:3]) for entry in entries]
    assert later == [entry[0] for entry in entries if entry[0] > behind]


def test_locks_of_a_version_are_a_trees(gateway: Gateway, own: BaseClient) -> None:
    until = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    own.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    first = own.put_object(
        Bucket="locked",
        Key="k",
        Body=b"1",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
        ObjectLockLegalHoldStatus="ON",
    )["VersionId"]
    free = own.put_object(Bucket="locked", Key="k", Body=b"2")["VersionId"]
    own.put_object(Bucket="locked", Key="k", Body=b"3", ObjectLockLegalHoldStatus="ON")
    tree = PosixSource(PosixConfig(root=gateway.root, versioning_dir=gateway.versioning_dir))
    with (
        BucketReader(tree, tree.bucket(b"locked")) as by_tree,
        S3Reader(S3Client(_config(gateway)), b"locked") as by_s3,
    ):
        seen = []
        for version in (b"", free.encode(), first.encode()):
            theirs = by_tree.read_small(b"k", version, MIB)
            ours = by_s3.read_small(b"k", version, MIB)
            assert _locks(ours, version) == _locks(theirs, version)
            seen.append(sorted(_locks(ours, version)))
    assert seen == [["legal_hold"], [], ["legal_hold", "retention"]]


def _locks(got: object, version: bytes) -> dict[str, object]:
    assert isinstance(got, SmallRead)
    told = MetaWriter("").describe(got.attributes, 1, 0, version=version).meta.manifest()
    members = json.loads(told)
    return {name: members[name] for name in ("legal_hold", "retention") if name in members}


@pytest.mark.parametrize(
    ("access", "secret", "code"),
    [("LABROOT", "wrong", "SignatureDoesNotMatch"), ("NOBODY", "wrong", "InvalidAccessKeyId")],
)
def test_wrong_keys_are_denied_and_named(
    gateway: Gateway, access: str, secret: str, code: str
) -> None:
    del code  # VersityGW has its own words for some
    config = config_of(gateway.url, access=access, secret=secret)
    with S3Client(config) as client:
        with pytest.raises(Denied, match="Check access key, secret") as raised:
            client.buckets()
        with pytest.raises(Denied):
            list(client.listing(b"any"))
        with pytest.raises(Denied):
            list(client.fetch(b"any", [Wanted(b"k")], MIB))
    assert raised.value.exit_code == 6


@pytest.mark.parametrize("off_s", [-SKEW_S, SKEW_S])
def test_a_clock_that_is_off_is_denied_with_its_remedy(gateway: Gateway, off_s: float) -> None:
    door = Door(_config(gateway))
    access, secret = door.config.keys()
    now_s = Signer(access, secret, "us-east-1")._clock_s()  # noqa: SLF001 - the clock that it has
    door.signer = Signer(access, secret, "us-east-1", clock_s=lambda: now_s + off_s)
    lane = Lane(door)
    with pytest.raises(Denied, match="NTP"):
        list(lane.fetch(b"any", [Wanted(b"k")], MIB))
    lane.close()


def test_a_bucket_that_is_not_there_is_no_input(gateway: Gateway) -> None:
    with S3Client(_config(gateway)) as client:
        with pytest.raises(BadInput, match="no such bucket"):
            list(client.listing(b"nowhere"))
        with pytest.raises(BadInput, match="no such bucket"):
            list(client.fetch(b"nowhere", [Wanted(b"k")], MIB))


def test_tls_holds_only_under_the_authority_that_is_named(
    tools: Tools, tmp_path: Path, keeper: Keeper
) -> None:
    authority = Authority(tmp_path / "authority")
    gateway = Gateway(
        "gateway-s3-tls",
        tools.path("versitygw"),
        tmp_path / "gateway",
        with_sidecar=False,
        tls=authority.issue("gateway"),
    )
    gateway.start(keeper)
    known = replace(_config(gateway), ca_file=authority.file)
    with S3Client(known) as client:
        assert client.buckets() == []
    other = replace(known, ca_file=Authority(tmp_path / "other", "other").file)
    with S3Client(other) as client, pytest.raises(NodeUnreachable, match="certificate"):
        client.buckets()
    keeper.forget(gateway.server)
