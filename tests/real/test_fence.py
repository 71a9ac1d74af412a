"""The real VersityGW: read-only is no fence, a bind mount is, and the proof tells them apart."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from core.cutover import bind_fence
from core.cutover.canary import canary
from core.cutover.door import Door, asking
from core.cutover.fence import hold, release
from core.cutover.fence_proof import look_fenced, open_doors, prove_fenced, summary
from core.cutover.gateway import Hold
from core.cutover.quiet import quiet_since
from core.cutover.samples import Sample
from core.cutover.shadow import shadow
from core.cutover.uploads import uploads
from core.verdict import Verdict
from tests.lab.authority import Authority
from tests.lab.gateway import Gateway
from tests.lab.web import Api
from tests.real.fenced_gateway import Fenced, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from botocore.client import BaseClient

    from core.cutover.door import Asker
    from core.cutover.gateway_command import CommandGateway
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

RUN = "5eed0001-7"
SLICE = ["photos", "films"]


@pytest.fixture(scope="module")
def blue(keeper: Keeper, tools: Tools, lab_folder: Path) -> Fenced:
    ground = start(keeper, tools, lab_folder / "fence")
    with ground.gateway.client() as client:
        for bucket in (*SLICE, "other"):
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket="photos", Key="a/one", Body=b"one", Metadata={"colour": "red"})
        client.put_object(Bucket="photos", Key="two ü&+", Body=b"two")
    return ground


@pytest.fixture
def client(blue: Fenced) -> Iterator[BaseClient]:
    with blue.gateway.client() as made:
        yield made


@pytest.fixture
async def asker(blue: Fenced, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asker]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", blue.gateway.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", blue.gateway.account.secret)
    async with asking() as opened:
        yield opened


@pytest.fixture
async def fenced(blue: Fenced) -> AsyncIterator[CommandGateway]:
    gateway = blue.commanded
    assert await hold([gateway], SLICE, RUN) == []
    yield gateway
    assert await release([gateway], SLICE, RUN) == []


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def refused(call: object, **words: object) -> str:
    """Return the error of a request, "" if it was done."""
    try:
        call(**words)  # type: ignore[operator] # a method of a client, whose class is made at run time
    except ClientError as error:
        return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return ""


async def test_an_open_gateway_is_not_proven_and_keeps_nothing(
    blue: Fenced, asker: Asker, client: BaseClient
) -> None:
    unproven = await prove_fenced(asker, [blue.door], SLICE, RUN)
    assert {one.bucket for one in unproven} == set(SLICE)
    assert "PutObject: 200" in summary(unproven)
    assert "CopyObject: 200" in summary(unproven)
    for bucket in SLICE:
        listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
        assert not [one for one in listed if one["Key"].startswith("vgwm-probe-")]


async def test_a_bind_mount_fences_without_a_restart_and_is_proven(
    blue: Fenced, asker: Asker, client: BaseClient, fenced: CommandGateway
) -> None:
    assert await fenced.state(SLICE) is Hold.FENCED
    assert await fenced.state(["other"]) is Hold.OPEN
    assert await prove_fenced(asker, [blue.door], SLICE, RUN) == []
    assert refused(client.delete_object, Bucket="photos", Key="a/one") == "500"
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    assert refused(client.put_object_tagging, Bucket="photos", Key="a/one", Tagging=tags) == "500"
    assert refused(client.create_multipart_upload, Bucket="films", Key="new") == "500"
    assert client.get_object(Bucket="photos", Key="a/one")["Body"].read() == b"one"
    assert not refused(client.put_object, Bucket="other", Key="free", Body=b"free")


async def test_an_upload_under_way_is_not_acknowledged_behind_the_fence(
    blue: Fenced, client: BaseClient
) -> None:
    made = client.create_multipart_upload(Bucket="films", Key="long")
    part = {"Bucket": "films", "Key": "long", "UploadId": made["UploadId"]}
    etag = client.upload_part(**part, PartNumber=1, Body=b"x" * 1000)["ETag"]
    whole = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    assert await hold([blue.commanded], SLICE, RUN) == []
    assert refused(client.upload_part, **part, PartNumber=2, Body=b"y")
    assert refused(client.complete_multipart_upload, **part, MultipartUpload=whole)
    assert refused(client.head_object, Bucket="films", Key="long") == "404"
    assert await release([blue.commanded], SLICE, RUN) == []
    assert not refused(client.complete_multipart_upload, **part, MultipartUpload=whole)
    client.delete_object(Bucket="films", Key="long")


async def test_fence_and_open_may_be_repeated_and_leave_no_mount(
    blue: Fenced, asker: Asker, client: BaseClient
) -> None:
    pid = blue.gateway.server.pid
    before = bind_fence.mounts(pid)
    for _ in range(2):
        assert await hold([blue.commanded], SLICE, RUN) == []
    assert len(bind_fence.mounts(pid)) == len(before) + len(SLICE), "one a bucket, however often"
    for _ in range(2):
        assert await release([blue.commanded], SLICE, RUN) == []
    assert bind_fence.mounts(pid) == before
    assert str(blue.tree.root) not in str(bind_fence.mounts(os.getpid())), "none leaked here"
    shown = await look_fenced(asker, [blue.door], SLICE)
    assert open_doors(shown) == {blue.door.name}
    assert not refused(client.put_object, Bucket="photos", Key="again", Body=b"again")
    client.delete_object(Bucket="photos", Key="again")


async def test_no_slice_means_every_bucket(blue: Fenced, client: BaseClient) -> None:
    assert await hold([blue.commanded], (), RUN) == []
    assert refused(client.put_object, Bucket="other", Key="free", Body=b"free") == "500"
    assert await release([blue.commanded], (), RUN) == []
    assert not refused(client.put_object, Bucket="other", Key="free", Body=b"free")


async def test_half_a_fence_is_neither_open_nor_fenced(blue: Fenced) -> None:
    assert await hold([blue.commanded], ["photos"], RUN) == []
    assert await blue.commanded.state(SLICE) is Hold.UNKNOWN
    assert await release([blue.commanded], SLICE, RUN) == []
    assert await blue.commanded.state(SLICE) is Hold.OPEN


def mount_there(pid: int, *words: str) -> None:
    argv = ["nsenter", "--target", str(pid), "--mount", "--", *words]
    subprocess.run(argv, check=True, timeout=20)  # noqa: S603 - words of our own


async def test_a_fence_that_was_killed_half_way_is_open_and_is_taken_away(
    blue: Fenced, client: BaseClient
) -> None:
    pid, folder = blue.gateway.server.pid, str(blue.tree.root / "films")
    before = bind_fence.mounts(pid)
    mount_there(pid, "mount", "--bind", folder, folder)
    assert await blue.commanded.state(["films"]) is Hold.OPEN
    assert not refused(client.put_object, Bucket="films", Key="k", Body=b"k")
    client.delete_object(Bucket="films", Key="k")
    assert await hold([blue.commanded], ["films"], RUN) == []
    assert await release([blue.commanded], ["films"], RUN) == []
    assert bind_fence.mounts(pid) == before, "both layers are gone"


async def test_what_an_operator_mounted_stays_and_what_it_would_hide_is_refused(
    blue: Fenced,
) -> None:
    pid, folder = blue.gateway.server.pid, str(blue.tree.root / "films")
    mount_there(pid, "mount", "-t", "tmpfs", "-o", "ro", "disk", folder)
    own = bind_fence.mounts(pid)
    assert await blue.commanded.state(["films"]) is Hold.OPEN, "read-only, but not by us"
    assert await release([blue.commanded], ["films"], RUN) == []
    assert bind_fence.mounts(pid) == own
    mount_there(pid, "umount", folder)
    below = str(blue.tree.root / "photos" / "a")
    mount_there(pid, "mount", "-t", "tmpfs", "disk", below)
    [trouble] = await hold([blue.commanded], ["photos"], RUN)
    mount_there(pid, "umount", below)
    assert "is mounted below and would vanish" in trouble.why


async def test_a_dead_gateway_cannot_be_fenced_and_proves_nothing(
    blue: Fenced, asker: Asker, tmp_path: Path
) -> None:
    gone = Fenced(blue.gateway, tmp_path)
    gone.pid_file.write_text(str(2**22))
    [trouble] = await hold([gone.commanded], SLICE, RUN)
    assert trouble.name == "blue-1"
    server = blue.gateway.server
    server.stop()
    server.wait_for("its stop", lambda: " (stopped)" in _status(server.pid))
    try:
        unproven = await prove_fenced(asker, [blue.door], SLICE, RUN)
    finally:
        server.cont()
    assert len(unproven) == len(SLICE)
    assert all("no answer within" in one.why for one in unproven)


async def test_readonly_is_no_fence_and_the_proof_says_so(
    blue: Fenced,
    keeper: Keeper,
    tools: Tools,
    lab_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del blue  # it has found that this machine can do all this
    ground = start(keeper, tools, lab_folder / "readonly")
    with ground.gateway.client() as client:
        client.create_bucket(Bucket="photos")
        client.put_object(Bucket="photos", Key="a/one", Body=b"one")
    server = ground.gateway.server
    server.end()
    server.argv.insert(1, "--readonly")
    server.start()
    server.wait_for("/health", lambda: Api(ground.gateway.url).get("/health").status == 200)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ground.gateway.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ground.gateway.account.secret)
    async with asking() as asker:
        may_write = [ground.door.name]
        [unproven] = await prove_fenced(asker, [ground.door], ["photos"], RUN, may_write=may_write)
    server.end()
    assert "CopyObject: 200" in unproven.why
    assert "PutObject" not in unproven.why
    assert "delete it by hand" in unproven.why, "for it refuses the delete"


async def test_versions_and_a_sidecar_are_fenced_with_their_bucket(
    keeper: Keeper, tools: Tools, lab_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = start(keeper, tools, lab_folder / "beside", with_sidecar=True)
    account = ground.gateway.account
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.secret)
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    with ground.gateway.client() as client:
        client.create_bucket(Bucket="photos")
        client.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"old", b"new"):
            client.put_object(Bucket="photos", Key="one", Body=body)
        assert await hold([ground.commanded], ["photos"], RUN) == []
        since_ns = time.time_ns()
        fenced = [
            mount for mount in bind_fence.mounts(ground.gateway.server.pid) if mount.read_only
        ]
        tops = {Path(mount.at).parent for mount in fenced if mount.at.endswith("/photos")}
        assert tops == set(ground.tree.folders())
        assert refused(client.put_object, Bucket="photos", Key="one", Body=b"x") == "500"
        assert refused(client.delete_object, Bucket="photos", Key="one"), "405: of a version"
        assert refused(client.put_object_tagging, Bucket="photos", Key="one", Tagging=tags) == "500"
        async with asking() as asker:
            assert await prove_fenced(asker, [ground.door], ["photos"], RUN) == []
        assert client.get_object(Bucket="photos", Key="one")["Body"].read() == b"new"
        quiet = await quiet_since(ground.tree, ["photos"], since_ns)
        assert quiet.is_quiet, quiet.told
        assert await release([ground.commanded], ["photos"], RUN) == []
        assert not refused(client.put_object_tagging, Bucket="photos", Key="one", Tagging=tags)
    quiet = await quiet_since(ground.tree, ["photos"], since_ns)
    assert not quiet.is_quiet, "a tag is a change"
    keeper.forget(ground.gateway.server)


async def test_a_door_with_tls_is_believed_by_its_authority_alone(
    keeper: Keeper, tools: Tools, tmp_path: Path, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = Authority(tmp_path / "authority")
    gateway = Gateway(
        "tls-door",
        tools.path("versitygw"),
        tmp_path / "gateway",
        with_sidecar=False,
        tls=signed.issue("gateway"),
    )
    gateway.start(keeper)
    trusted = Door(name="trusted", url=gateway.url, ca_file=signed.file)
    strange = Door(name="strange", url=gateway.url)
    shown = await look_fenced(asker, [trusted, strange], ["photos"])
    assert shown[0].why.startswith("403 "), "asked, with another's keys"
    assert "certificate verify failed" in shown[1].why
    monkeypatch.setenv("AWS_CA_BUNDLE", str(signed.file))
    [shown_now] = await look_fenced(asker, [strange], ["photos"])
    assert shown_now.why.startswith("403 ")
    keeper.forget(gateway.server)


async def test_f3_names_who_writes_past_the_fence(
    blue: Fenced, asker: Asker, fenced: CommandGateway
) -> None:
    assert fenced.can_fence
    await asyncio.sleep(0.01)  # a tick behind the last write
    since_ns = time.time_ns()
    await asyncio.sleep(0.01)
    assert await prove_fenced(asker, [blue.door], SLICE, RUN) == []
    quiet = await quiet_since(blue.tree, SLICE, since_ns)
    assert quiet.is_quiet, quiet.told
    stray = blue.tree.root / "films" / "by-nfs"
    stray.write_bytes(b"stray")
    quiet = await quiet_since(blue.tree, SLICE, since_ns)
    stray.unlink()
    assert set(quiet.names) == {"films/", "films/by-nfs"}


async def test_the_gates_pass_against_the_real_gateway(
    blue: Fenced, asker: Asker, client: BaseClient
) -> None:
    gate = await canary(asker, blue.door, "photos", RUN)
    assert gate.verdict is Verdict.PASS, gate.evidence
    assert (await uploads(asker, blue.door, SLICE)).verdict is Verdict.PASS
    made = client.create_multipart_upload(Bucket="films", Key="running")
    gate = await uploads(asker, blue.door, SLICE)
    assert "1 in progress, and lost by a switch: films/running" in gate.evidence
    client.abort_multipart_upload(Bucket="films", Key="running", UploadId=made["UploadId"])
    samples = [Sample("photos", "a/one", 3), Sample("photos", "two ü&+", 3)]
    gate = await shadow(asker, blue.door, blue.door, samples)
    assert gate.verdict is Verdict.PASS, gate.evidence


def test_what_a_command_reads_and_writes_is_the_documented_json() -> None:
    text = (Path(__file__).parents[2] / "docs" / "fence.md").read_text()
    shown = [json.loads(line) for line in text.splitlines() if line.startswith('{"')]
    assert {"state": "fenced"} in shown
    assert {"v", "op", "gateway", "side", "slices", "run", "request_id"} == set(shown[0])
