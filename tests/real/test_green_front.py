"""The lab's green front: to a client it is as VersityGW is, and it writes what the profile says."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from core.dag import cid as cids
from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import FileBuilder
from tests.lab import target
from tests.lab.gateway import Account, Gateway, s3_client
from tests.lab.green_front import Backend, GreenFront
from tests.lab.process import until
from tests.lab.web import Api
from tests.real import s3_cases
from tests.real.s3_cases import CASES, MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools
    from tests.real.s3_cases import Case


@pytest.fixture(scope="module")
def blue(tools: Tools, keeper: Keeper, lab_folder: Path) -> Iterator[Gateway]:
    folder = lab_folder / "front-blue"
    made = Gateway("front-blue", tools.path("versitygw"), folder, with_sidecar=False)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.fixture(scope="module")
def green(stack: Stack, keeper: Keeper, blue: Gateway, lab_folder: Path) -> Iterator[GreenFront]:
    folder = lab_folder / "front-green"
    folder.mkdir()
    made = GreenFront("front", folder, Backend.of(stack, folder / "objects.db"), blue.account)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.fixture(scope="module")
def folder_front(
    keeper: Keeper, blue: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GreenFront]:
    """The same over a directory target: no node is needed."""
    folder = tmp_path_factory.mktemp("folder-front")
    (folder / "out" / "bundles").mkdir(parents=True)
    made = GreenFront("folder-front", folder, Backend.folder(folder / "out"), blue.account)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_client_sees_no_difference(blue: Gateway, green: GreenFront, case: Case) -> None:
    facts = []
    bucket = f"case-{case.__name__.replace('_', '-')}"
    for gateway in (blue, green):
        with gateway.client() as client:
            client.create_bucket(Bucket=bucket)
            facts.append(case(client, bucket))
    assert facts[1] == facts[0]


@pytest.mark.parametrize(
    "case",
    [s3_cases.sizes, s3_cases.ranges, s3_cases.copied, s3_cases.multipart],
    ids=lambda case: case.__name__,
)
def test_over_a_directory_target_it_is_the_same(
    blue: Gateway, folder_front: GreenFront, case: Case
) -> None:
    facts = []
    bucket = f"folder-{case.__name__}"
    for gateway in (blue, folder_front):
        with gateway.client() as client:
            client.create_bucket(Bucket=bucket)
            facts.append(case(client, bucket))
    assert facts[1] == facts[0]


def test_what_it_acknowledged_is_a_row_of_the_profile_and_pinned_blocks(
    green: GreenFront, stack: Stack
) -> None:
    body = s3_cases.body(2 * MIB + 9)
    with green.client() as client:
        client.create_bucket(Bucket="rows")
        etag = client.put_object(
            Bucket="rows", Key="k", Body=body, Metadata={"batch": "7"}, Tagging="team=ops"
        )["ETag"]
    (row,) = [one for one in target.rows(green.backend.table) if one.bucket == "rows"]
    assert (row.cid, row.size, row.pin_status) == (_cid(body), len(body), 1)
    assert (row.metadata["etag"], row.metadata["user"], row.metadata["tags"]) == (
        etag.strip('"'),
        {"batch": "7"},
        {"team": "ops"},
    )
    assert row.root == row.cid
    assert "vgwm" not in row.metadata  # by that mark a row would count as ours
    assert row.updated_us == int(str(row.metadata["mtime_ns"])) // 1000
    until(
        "the pin on both peers",
        lambda: [peer.status(row.cid) for peer in stack.peers].count("pinned") == 2,
        limit_s=60,
    )
    journal = [json.loads(line) for line in green.journal.read_text().splitlines()]
    assert [one["etag"] for one in journal if one["bucket"] == "rows" and one["op"] == "put"] == [
        row.metadata["etag"]
    ]


def test_only_its_account_gets_in(green: GreenFront) -> None:
    told = []
    for account in (
        Account(access="NOBODY"),
        Account(access=green.account.access),  # the right name, another secret
    ):
        with s3_client(green.url, account) as client, pytest.raises(ClientError) as caught:
            client.list_buckets()
        told.append(caught.value.response["Error"]["Code"])
    assert told == ["InvalidAccessKeyId", "SignatureDoesNotMatch"]
    assert Api(green.url).get("/rows/k").status == 403


def test_its_fence_stops_writes_copies_and_deletes_and_no_read_and_outlives_it(
    green: GreenFront,
) -> None:
    with green.client() as client:
        client.create_bucket(Bucket="fenced")
        client.create_bucket(Bucket="open")
        client.put_object(Bucket="fenced", Key="k", Body=b"before")
        upload = client.create_multipart_upload(Bucket="fenced", Key="late")["UploadId"]
        assert _hold(green, "fence", "fenced") == "fenced"
        green.restart()
        named = {"Bucket": "fenced", "Key": "k"}
        late = {"Bucket": "fenced", "Key": "late", "UploadId": upload}
        for act in (
            lambda: client.put_object(**named, Body=b"x"),
            lambda: client.copy_object(Bucket="fenced", Key="k2", CopySource=named),
            lambda: client.delete_object(**named),
            lambda: client.delete_object_tagging(**named),
            lambda: client.upload_part(**late, PartNumber=1, Body=b"x"),
            lambda: client.abort_multipart_upload(**late),
        ):
            assert s3_cases.refused(act) == (503, "SlowDown")
        assert client.get_object(**named)["Body"].read() == b"before"
        client.put_object(Bucket="open", Key="k", Body=b"another bucket's")
        assert _hold(green, "state", "fenced") == "fenced"
        assert _hold(green, "open", "fenced") == "open"
        client.put_object(**named, Body=b"after")


def test_it_can_be_told_to_fail(green: GreenFront) -> None:
    with green.client() as client:
        green.break_()
        assert s3_cases.refused(client.list_buckets) == (500, "InternalError")
        assert Api(green.url).get("/health").status == 200
        green.break_(health=True)
        assert Api(green.url).get("/health").status == 503
        green.mend()
        client.list_buckets()


def test_a_write_whose_blocks_no_node_takes_leaves_no_row(green: GreenFront, stack: Stack) -> None:
    with green.client() as client:
        client.create_bucket(Bucket="nodes")
        for kubo in stack.kubos:
            kubo.server.kill()
        told = s3_cases.refused(lambda: client.put_object(Bucket="nodes", Key="k", Body=b"x"))
        assert told == (500, "InternalError")
        assert s3_cases.refused(lambda: client.head_object(Bucket="nodes", Key="k")) == (404, "404")


def _hold(front: GreenFront, op: str, bucket: str) -> str:
    """Run its command as vgwm.yaml names it; return the state that it writes."""
    told = json.dumps({"v": 1, "op": op, "slices": [bucket]})
    done = subprocess.run(  # noqa: S603 - the laboratory's own program
        front.words(op), input=told, capture_output=True, text=True, check=True, timeout=30
    )
    return str(json.loads(done.stdout)["state"])


def _cid(content: bytes) -> str:
    builder = FileBuilder(UNIXFS_V1_2025, lambda _cid, _block: None)
    for start in range(0, len(content), UNIXFS_V1_2025.chunk_bytes):
        builder.chunk(content[start : start + UNIXFS_V1_2025.chunk_bytes])
    return cids.text(builder.finish().cid)
