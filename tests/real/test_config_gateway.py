"""Configuration: a real VersityGW on the converted env file answers as it did on the old file.

The backend's own part, which goes to vgwm.yaml, is given to it as options: no released gateway has
the new backend.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from core.cli.main import main
from core.config.schema import IpfsTarget, PosixSource, Workspace
from core.config.workspace import load, write
from tests.lab import ports
from tests.lab.process import Server
from tests.lab.web import Api
from tests.unit.config import systemd_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

ROOT, ROOT_SECRET = "AKROOT", "s\"q$1 'x' \\ `id` #;é"
USER, USER_SECRET = "AKUSER", "user-s3cret-9Kd2"
REGION = "eu-7"


class Ground(NamedTuple):
    """Where all lies. root has a blank and letters beyond ASCII in its name."""

    program: str
    folder: Path
    root: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def ground(tools: Tools, tmp_path: Path) -> Ground:
    root = tmp_path / "дерево s3"
    for folder in (root, tmp_path / "versions", tmp_path / "iam", tmp_path / "ws"):
        folder.mkdir()
    return Ground(tools.path("versitygw"), tmp_path, root, ports.free(1)[0])


def old_file(ground: Ground) -> Path:
    """Write the old file as people write such files: quotes, escapes, an override, a comment."""
    file = ground.folder / "gw.conf"
    file.write_text(
        f"""\
# the old gateway
VGW_BACKEND=posix
VGW_BACKEND_ARG="{ground.root}"
VGW_VERSIONING_DIR='{ground.folder}/versions'
VGW_IAM_DIR={ground.folder}/iam
VGW_PORT=:1
VGW_PORT=127.0.0.1:{ground.port}
VGW_REGION=eu-\\
7
ROOT_ACCESS_KEY_ID=AK\\ROOT
ROOT_SECRET_ACCESS_KEY="s\\"q\\$1 'x' \\\\ \\`id\\` #;é"
VGW_HEALTH=/health
VGW_QUIET=T
VGW_MAX_REQUESTS=0x100
VGW_CORS_ALLOW_ORIGIN=https://a.example
VGW_IAM_CACHE_DISABLE=1
VGW_KEEP_ALIVE=
"""
    )
    file.chmod(0o600)
    return file


def as_systemd(file: Path) -> dict[str, str]:
    return dict(systemd_reader.read(file.read_text()))


def as_a_shell(file: Path) -> dict[str, str]:
    """Read an env file by a program that knows nothing of ours."""
    script = f"set -a; . '{file}'; env -0"
    words = ["/bin/sh", "-c", script]
    done = subprocess.run(words, env={}, capture_output=True, check=True)  # noqa: S603 - a shell of this host
    pairs = (one.partition("=") for one in done.stdout.decode().split("\0") if one)
    return {name: value for name, _, value in pairs if name not in ("PWD", "OLDPWD", "_", "SHLVL")}


def run(
    ground: Ground, keeper: Keeper, name: str, environment: Mapping[str, str], argv: list[str]
) -> Server:
    server = Server(
        name, [ground.program, *argv], folder=ground.folder, environment=dict(environment)
    )
    keeper.start(server)
    server.wait_for("/health", lambda: Api(ground.url).get("/health").status == 200)
    return server


def client(ground: Ground, access: str, secret: str, region: str = REGION) -> BaseClient:
    return boto3.client(
        "s3",
        endpoint_url=ground.url,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name=region,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )


def furnish(ground: Ground) -> None:
    door = ("-a", ROOT, "-s", ROOT_SECRET, "-er", ground.url, "-r", REGION)
    words = ("create-user", "-a", USER, "-s", USER_SECRET, "-r", "user")
    subprocess.run([ground.program, "admin", *door, *words], check=True, capture_output=True)  # noqa: S603 - the laboratory's own program
    root = client(ground, ROOT, ROOT_SECRET)
    for bucket in ("photos", "docs"):
        root.create_bucket(Bucket=bucket)
    root.put_bucket_versioning(Bucket="docs", VersioningConfiguration={"Status": "Enabled"})
    root.put_object(Bucket="photos", Key="2024/a b.jpg", Body=b"a" * 70_000, Metadata={"n": "7"})
    root.put_object(Bucket="photos", Key="фото", Body=b"", ContentType="image/png")
    root.put_object_tagging(
        Bucket="photos", Key="фото", Tagging={"TagSet": [{"Key": "team", "Value": "ops"}]}
    )
    for body in (b"one", b"two"):
        root.put_object(Bucket="docs", Key="k", Body=body)
    root.delete_object(Bucket="docs", Key="k")


CALLS: dict[str, Callable[[BaseClient], object]] = {
    "buckets": lambda s3: [b["Name"] for b in s3.list_buckets()["Buckets"]],
    "list": lambda s3: [
        (o["Key"], o["Size"], o["ETag"], o["LastModified"])
        for o in s3.list_objects_v2(Bucket="photos")["Contents"]
    ],
    "get": lambda s3: s3.get_object(Bucket="photos", Key="2024/a b.jpg")["Body"].read(),
    "range": lambda s3: s3.get_object(Bucket="photos", Key="2024/a b.jpg", Range="bytes=9-99")[
        "ContentRange"
    ],
    "head": lambda s3: without_request(s3.head_object(Bucket="photos", Key="2024/a b.jpg")),
    "empty": lambda s3: without_request(s3.head_object(Bucket="photos", Key="фото")),
    "tags": lambda s3: s3.get_object_tagging(Bucket="photos", Key="фото")["TagSet"],
    "versions": lambda s3: [
        (v["VersionId"], v["Size"], v["IsLatest"])
        for v in s3.list_object_versions(Bucket="docs")["Versions"]
    ],
    "markers": lambda s3: len(s3.list_object_versions(Bucket="docs")["DeleteMarkers"]),
    "location": lambda s3: s3.get_bucket_location(Bucket="docs")["LocationConstraint"],
    "acl": lambda s3: s3.get_bucket_acl(Bucket="docs")["Owner"],
    "marked": lambda s3: s3.get_object(Bucket="docs", Key="k"),
    "none": lambda s3: s3.head_object(Bucket="photos", Key="nothing"),
    "denied": lambda s3: s3.put_object(Bucket="none-such", Key="k", Body=b""),
}


def without_request(answer: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def answers(ground: Ground) -> dict[str, object]:
    """Ask everything as everybody; a refusal is an answer."""
    clients = {
        "root": client(ground, ROOT, ROOT_SECRET),
        "user": client(ground, USER, USER_SECRET),
        "wrong secret": client(ground, ROOT, "wrong"),
        "wrong region": client(ground, ROOT, ROOT_SECRET, "us-east-1"),
    }
    found: dict[str, object] = {}
    for who, s3 in clients.items():
        for name, call in CALLS.items():
            try:
                found[f"{who}: {name}"] = call(s3)
            except ClientError as error:
                found[f"{who}: {name}"] = error.response["Error"]["Code"]
    found["health"] = Api(ground.url).get("/health").status
    return found


def test_a_real_gateway_answers_on_the_converted_file_as_on_the_old_one(
    ground: Ground, keeper: Keeper
) -> None:
    old = old_file(ground)
    before = as_systemd(old)
    assert before["ROOT_SECRET_ACCESS_KEY"] == ROOT_SECRET
    argv = [before["VGW_BACKEND"], before["VGW_BACKEND_ARG"]]
    server = run(ground, keeper, "gw-old", before, argv)
    furnish(ground)
    told_before = answers(ground)
    keeper.forget(server)

    workspace = ground.folder / "ws"
    source = PosixSource(path=ground.root, versioning_dir=ground.folder / "versions")
    target = IpfsTarget(
        kubo=("http://k:5001",), cluster=("http://c:9094",), table="ydb:grpc://y:2136/l"
    )
    write(workspace / "vgwm.yaml", Workspace(id="9f2c1a7e", source=source, target=target))
    words = ("--set", "backend.ipfs.replication_min=1", "--set", "backend.ipfs.replication_max=1")
    new = ground.folder / "new.yaml"
    command = ["config", "convert", "-w", str(workspace), str(old), str(new), *words]
    assert main(command) == 0

    after = as_a_shell(ground.folder / "new.env")
    carried = set(before) & set(after)
    gone = {"VGW_BACKEND_ARG", "VGW_VERSIONING_DIR"}
    assert set(before) - carried == gone
    assert {n: after[n] for n in carried - {"VGW_BACKEND"}} == {
        n: before[n] for n in carried - {"VGW_BACKEND"}
    }
    known = load(workspace / "vgwm.yaml").source
    assert isinstance(known, PosixSource)
    argv = ["posix", "--versioning-dir", str(known.versioning_dir), str(known.path)]
    server = run(ground, keeper, "gw-new", after, argv)
    told_after = answers(ground)
    keeper.forget(server)
    assert told_after == told_before
    # the comparison is of something: allowed and denied calls, data, versions
    assert told_before["root: buckets"] == ["docs", "photos"]
    assert told_before["root: get"] == b"a" * 70_000
    assert len(list_of(told_before["root: versions"])) == 2
    assert told_before["user: get"] == "AccessDenied"
    assert told_before["wrong secret: buckets"] == "SignatureDoesNotMatch"
    assert told_before["root: location"] == REGION


def list_of(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
