"""An S3 endpoint as the source: what a real VersityGW shows arrives, and is what its tree says."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from core.config.secret import SecretKind, SecretRef
from core.dag import cid as cids
from core.dag.car_reading import CarIndex
from core.dag.reading import read_file
from core.errors import NoGatewayRoot
from core.model import Unrepresentable
from core.source.chosen import open_source
from core.source.posix.config import PosixConfig
from core.source.posix.large import page_buffer
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable
from core.source.s3.config import S3Config
from core.source.s3.keys import keys_of
from tests.lab import target
from tests.lab.gateway import REGION, Gateway
from tests.lab.process import until
from tests.lab.s3 import S3Reader
from tests.lab.target import Fetcher
from tests.lab.tree import ask, history, write
from tests.lab.tree.puts import all_puts
from tests.lab.vgwm import Vgwm
from tests.real.migrated import PASSWORD, recorded, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.source.source import Source
    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools
    from tests.lab.tree.told import ObjectTold

pytestmark = pytest.mark.timeout(300)

MIB = 1 << 20
ACCESS, SECRET = "LAB_S3_ACCESS", "LAB_S3_SECRET"
HISTORIES = ("lab-versions", "lab-suspended", "lab-locked")
TWINS = ("twin\x01", "twin\x02")
HOLD = {"ObjectLockLegalHoldStatus": "ON"}
UNSHOWN = {"control\x01\x02\x1b[31m", "nonchar\ufffe", *TWINS}
"""Keys that this gateway's listings cannot show; the twins are shown alike."""


@dataclass(frozen=True)
class Shown:
    """A gateway, and what it shows of each object. Nobody writes to it any more."""

    gateway: Gateway
    told: list[ObjectTold]

    @property
    def words(self) -> list[str]:
        keys = ["--s3-access-key-env", ACCESS, "--s3-secret-env", SECRET]
        return ["--source", f"s3:{self.gateway.url}", *keys]

    @property
    def secrets(self) -> dict[str, str]:
        return {ACCESS: self.gateway.account.access, SECRET: self.gateway.account.secret}

    def by_s3(self) -> Source:
        account = self.gateway.account
        return open_source(
            S3Config(
                endpoint=self.gateway.url,
                region=REGION,
                access_key_ref=SecretRef(SecretKind.ENV, ACCESS),
                secret_ref=SecretRef(SecretKind.ENV, SECRET),
                held=keys_of(account.access, account.secret),
            )
        )

    def by_tree(self) -> Source:
        gateway = self.gateway
        return open_source(PosixConfig(root=gateway.root, versioning_dir=gateway.versioning_dir))


@pytest.fixture(scope="module")
def shown(tools: Tools, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("s3-source")
    gateway = Gateway("gateway-s3", tools.path("versitygw"), folder, with_sidecar=False)
    gateway.start(keeper)
    puts = [put for put in all_puts() if put.bucket != "lab-bulk" or put.key.endswith("0.bin")]
    with gateway.client() as client:
        for name in sorted({put.bucket for put in puts}):
            client.create_bucket(Bucket=name)
        write.write(gateway, puts)
        history.write(client)
        for lock in (HOLD, {}):  # what was held becomes an old version
            client.put_object(Bucket="lab-locked", Key="twice", Body=str(lock).encode(), **lock)
        client.create_multipart_upload(Bucket="lab-odd", Key="never-ended")
        for key in TWINS:
            client.put_object(Bucket="lab-odd", Key=key, Body=key.encode())
    with S3Reader(gateway) as reader:
        told = [ask.of_put(reader, put) for put in puts]
        told += [ask.current(reader, "lab-odd", key) for key in TWINS]
        told += [one for name in HISTORIES for one in ask.history(reader, name)]
    return Shown(gateway, told)


@pytest.fixture(scope="module")
def copied(shown: Shown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vgwm, Path]]:
    base = tmp_path_factory.mktemp("s3-copied")
    with Vgwm(base / "ws", shown.secrets) as vgwm:
        vgwm.run("init", *shown.words, "--target", f"dir:{base / 'out'}")
        vgwm.run("plan")
        vgwm.run("copy")
        yield vgwm, base / "out"


def _lines(folder: Path) -> Iterator[target.Line]:
    for manifest in sorted((folder / "manifests").glob("*.ndjson")):
        yield from target.lines(manifest.stem, manifest.read_bytes())


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_every_current_object_is_there_as_s3_shows_it(
    shown: Shown, copied: tuple[Vgwm, Path]
) -> None:
    told = {(o.bucket, o.key): o for o in shown.told if not o.version and not o.marker}
    told = {place: one for place, one in told.items() if place[1] not in UNSHOWN}
    rows = {(row.bucket, row.key): row for row in target.rows(copied[1] / "objects.db")}
    assert rows.keys() == told.keys()
    for place, row in rows.items():
        assert said(row.metadata) == told[place].document(), place
        assert row.size == told[place].size
        assert int(str(row.metadata["mtime_ns"])) == told[place].modified_s * 10**9
        assert row.metadata["owner"] == shown.gateway.account.access


def test_i2_the_bytes_of_every_object_and_version_are_those_that_s3_gives(
    shown: Shown, copied: tuple[Vgwm, Path]
) -> None:
    told = {(o.bucket, o.key, o.version): o for o in shown.told if not o.marker}
    seen = set()
    for line in _lines(copied[1]):
        place = (line.bucket, line.key, line.version)
        if line.marker:
            continue
        with (copied[1] / "bundles" / f"{line.root}.car").open("rb") as car:
            body = b"".join(read_file(cids.parse(line.cid), CarIndex(car).get))
        assert _sha256(body) == told[place].sha256, place
        seen.add(place)
    assert seen == {place for place in told if place[1] not in UNSHOWN}


def test_i4_markers_are_named_and_what_no_listing_shows_is_skipped_by_name(
    shown: Shown, copied: tuple[Vgwm, Path]
) -> None:
    vgwm, folder = copied
    markers = {(line.bucket, line.key, line.version) for line in _lines(folder) if line.marker}
    assert markers == {(o.bucket, o.key, o.version) for o in shown.told if o.marker}
    totals = vgwm.run("--json", "status").result()
    ends = [int(str(totals[n])) for n in ("migrated", "failed", "skipped", "gone", "remaining")]
    assert int(str(totals["total"])) == sum(ends) == len(shown.told)
    assert ends[1:] == [0, len(UNSHOWN), 0, 0]
    listed = [row for row in vgwm.run("--json", "errors").rows() if row.get("bucket")]
    assert {str(row["code"]) for row in listed} == {Unrepresentable.KEY_NOT_UTF8.value}
    losses = vgwm.run("--json", "plan", "show").result()["unrepresentable"]
    assert isinstance(losses, dict)
    assert losses["upload_in_progress"] == 1
    assert _said(vgwm, "source", "vgwm sync --full")  # what no listing shows is not passed over


def _described(source: Source) -> dict[tuple[bytes, bytes, bytes], dict[str, object]]:
    """Return the canonical metadata of everything that a source has, with its size and bytes."""
    found: dict[tuple[bytes, bytes, bytes], dict[str, object]] = {}
    buffer = page_buffer(MIB)
    for bucket in source.buckets()[0]:
        writer = MetaWriter(bucket.owner, source.default_etag)
        with source.reader(bucket.name) as reader:
            for page in source.walk(bucket):
                reader.expect([(e[0], e[1]) for e in page.entries], page.entries, MIB)
                for key, version, size, *stamps in page.entries:
                    got = reader.read_small(key, version, MIB)
                    assert not isinstance(got, Gone | Changed | Unreadable), (key, version, got)
                    if isinstance(got, SmallRead):
                        body = got.body
                    else:
                        with got:
                            body = b"".join(bytes(chunk) for chunk in got.chunks(buffer))
                            assert got.unchanged()
                    assert got.size_bytes == size, key
                    assert [got.ino, got.mtime_ns, got.ctime_ns] == stamps, key
                    told = writer.describe(
                        got.attributes, size or 0, got.mtime_ns, is_dir=got.is_dir, version=version
                    )
                    found[bucket.name, key, version] = {
                        "size": size,
                        "sha256": _sha256(body),
                        "meta": json.loads(told.meta.manifest()),
                    }
    return found


def test_tree_and_endpoint_tell_the_same_but_for_what_s3_does_not_show(shown: Shown) -> None:
    by_tree, by_s3 = _described(shown.by_tree()), _described(shown.by_s3())
    unshown = {place for place in by_tree if place[1].decode() in UNSHOWN}
    assert by_tree.keys() - unshown == by_s3.keys()
    differing: set[str] = set()
    for place, there in by_s3.items():
        tree = by_tree[place]
        assert (there["size"], there["sha256"]) == (tree["size"], tree["sha256"]), place
        ours, theirs = there["meta"], tree["meta"]
        assert isinstance(ours, dict)
        assert isinstance(theirs, dict)
        if there["size"] is None:
            continue  # of a marker S3 shows an id and a time
        for name in ours.keys() | theirs.keys():
            if ours.get(name) != theirs.get(name):
                differing.add(name)
                assert int(ours[name]) == int(theirs[name]) // 10**9 * 10**9, (place, name)
    assert differing == {"mtime_ns"}


def test_a_walk_goes_on_strictly_behind_a_key_that_is_done(shown: Shown) -> None:
    source = shown.by_s3()
    for bucket in source.buckets()[0]:
        entries = [entry for page in source.walk(bucket) for entry in page.entries]
        key, version = entries[len(entries) // 2][:2]
        rest = [entry for page in source.walk(bucket, (key, version)) for entry in page.entries]
        assert rest == [entry for entry in entries if entry[0] > key], bucket.name


def test_a_bucket_that_is_not_there_is_told_from_an_empty_one(shown: Shown) -> None:
    source = shown.by_s3()
    bucket = replace(source.bucket(b"lab-odd"), name=b"lab-never")
    with pytest.raises(NoGatewayRoot):
        source.bucket(b"lab-never")
    with pytest.raises(NoGatewayRoot):
        source.reader(b"lab-never")
    with pytest.raises(NoGatewayRoot):
        list(source.walk(bucket))


def test_i4_keys_that_a_listing_shows_alike_stay_two(shown: Shown) -> None:
    source = shown.by_s3()
    skips = [s for page in source.walk(source.bucket(b"lab-odd")) for s in page.skips]
    assert {skip.reason for skip in skips} == {Unrepresentable.KEY_NOT_UTF8}
    assert len({(skip.key, skip.version) for skip in skips}) == len(skips) == len(UNSHOWN)


def test_a_bucket_is_set_to_the_same_through_both(shown: Shown) -> None:
    tree = {bucket.name: bucket for bucket in shown.by_tree().buckets()[0]}
    for bucket in shown.by_s3().buckets()[0]:
        other = tree[bucket.name]
        assert (bucket.owner, bucket.versioned) == (other.owner, other.versioned)
        if bucket.attrs.lock:  # S3 does not show since when it is locked
            assert json.loads(bucket.attrs.lock)["Enabled"]
            assert json.loads(other.attrs.lock)["Enabled"]
        assert replace(bucket.attrs, lock="") == replace(other.attrs, lock=""), bucket.name
        assert bool(bucket.attrs.lock) == bool(other.attrs.lock)


def test_wrong_keys_a_silent_endpoint_and_no_bucket_end_in_6_4_and_2(
    shown: Shown, tmp_path: Path
) -> None:
    to = ["--target", f"dir:{tmp_path / 'out'}"]
    wrong = shown.secrets | {SECRET: "0" * 32}
    with Vgwm(tmp_path / "ws", wrong) as vgwm:
        ran = vgwm.run("--json", "init", *shown.words, *to, code=6)
        assert "SignatureDoesNotMatch" in ran.err
        assert "0" * 32 not in ran.err
        silent = [word.replace(shown.gateway.url, "http://127.0.0.1:9") for word in shown.words]
        vgwm.run("init", *silent, *to, code=4)
        vgwm.run("init", *shown.words[:2], *to, code=2)
        assert not (tmp_path / "ws").exists() or not list((tmp_path / "ws").iterdir())


def test_i9_no_file_of_the_workspace_holds_the_keys(
    shown: Shown, copied: tuple[Vgwm, Path]
) -> None:
    files = [path for path in copied[0].workspace.rglob("*") if path.is_file()]
    assert len(files) > 5
    secret = shown.gateway.account.secret.encode()
    assert [path for path in files if secret in path.read_bytes()] == []


def test_the_assessment_asks_the_endpoint_and_not_a_tree(
    shown: Shown, copied: tuple[Vgwm, Path]
) -> None:
    checks = copied[0].run("--json", "assess", code=4).result()["checks"]
    assert isinstance(checks, list)
    told = {str(row["id"]): (str(row["state"]), str(row["evidence"])) for row in checks}
    assert told["source"] == ("pass", "6 buckets, metadata: as S3 shows it")
    assert told["atime"][0] == "pass"
    assert told["atime"][1].startswith("not for this source")
    entries = len(shown.told) - len(UNSHOWN)
    assert told["read"] == ("pass", f"{entries} entries opened, 0 without an ETag")
    assert "3 objects under retention or legal hold" in told["versions"][1]
    assert "1 uploads in progress" in told["versions"][1]


def test_a_silent_endpoint_holds_the_copy_and_no_object_is_blamed(
    shown: Shown, tmp_path: Path
) -> None:
    server = shown.gateway.server
    with Vgwm(tmp_path / "ws", shown.secrets) as vgwm:
        vgwm.run("init", *shown.words, "--target", f"dir:{tmp_path / 'out'}")
        vgwm.run("plan")
        server.kill()
        try:
            vgwm.run("copy", "--detach")
            until(
                "a bundle is told to wait",
                lambda: _said(vgwm, "node_fault", "no answer"),
                limit_s=60,
            )
            assert recorded(vgwm) == 0
        finally:
            server.start()
        vgwm.run("watch", "--interval", "1s")
        totals = vgwm.run("--json", "status").result()
    assert (totals["failed"], totals["remaining"]) == (0, 0)
    assert int(str(totals["migrated"])) == int(str(totals["total"])) - len(UNSHOWN)


def _said(vgwm: Vgwm, kind: str, words: str) -> bool:
    with closing(sqlite3.connect(f"file:{vgwm.workspace}/ledger.db?mode=ro", uri=True)) as ledger:
        found = ledger.execute("SELECT data FROM events WHERE kind = ?", (kind,)).fetchall()
    return any(words in str(data) for (data,) in found)


def test_i1_i2_to_nodes_every_object_is_pinned_and_gives_the_bytes_that_s3_gave(
    shown: Shown, stack: Stack, tmp_path: Path
) -> None:
    words = ["--target", "ipfs", "--replication", "2", "--table", f"sqlite:{tmp_path / 'o.db'}"]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    with Vgwm(tmp_path / "ws", shown.secrets | {PASSWORD: stack.password}) as vgwm:
        vgwm.run("init", *shown.words, *words)
        vgwm.run("plan")
        vgwm.run("copy")
    told = {(o.bucket, o.key): o for o in shown.told if not o.version and not o.marker}
    rows = target.rows(tmp_path / "o.db")
    assert {(row.bucket, row.key) for row in rows} == {at for at in told if at[1] not in UNSHOWN}
    pins = stack.peers[0].allocations()
    for root in {row.root for row in rows}:
        assert len(set(pins[root])) == 2
    for row in rows:
        with Fetcher(stack.peer(pins[row.root][0]).kubo) as fetcher:
            assert fetcher.sha256(row.cid) == told[row.bucket, row.key].sha256, row
