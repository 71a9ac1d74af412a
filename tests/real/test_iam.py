"""IAM: accounts of a real gateway work on one that runs on the converted file as they did before.

The accounts are made, changed and deleted by the real `versitygw admin`.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from core.cli.main import main
from tests.lab.authority import Authority
from tests.lab.gateway import REGION, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

SECRETS = {
    "AKADMIN": "Zq7-pW9xKd81-Lm20-sRt5",
    "AKPLUS": 'q"<&>\\ é\u2028+/= 9Kd2-Lw71',
    "AKUSER": "mN4+vB7/cX2=zL9kJ6hG",
    "AKOTHER": "tY3-uI8-oP1-aS5-dF0-gH",
    "AK.odd_~-9": "hJ2-kL6-zX4-cV8-bN0-mQ",
}
ROLES = {"AKADMIN": "admin", "AKPLUS": "userplus"}
GONE, FORMER, UNUSED = "AKGONE", "the-secret-before-9Kd2", "AKUNUSED"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["AKUSER"]},
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::shared/*"],
        }
    ],
}


@dataclass(frozen=True)
class Pair:
    """A gateway, its access log's account of who called, and one on the converted accounts."""

    old: Gateway
    new: Gateway
    program: str
    folder: Path


def admin(program: str, gateway: Gateway, *words: str, options: tuple[str, ...] = ()) -> None:
    root = gateway.account
    door = ("-a", root.access, "-s", root.secret, "-er", gateway.url, *options)
    subprocess.run([program, "admin", *door, *words], check=True, capture_output=True)  # noqa: S603 - the laboratory's own program


def client(gateway: Gateway, access: str, secret: str) -> BaseClient:
    return boto3.client(
        "s3",
        endpoint_url=gateway.url,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )


@pytest.fixture(scope="module")
def pair(tools: Tools, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    base = tmp_path_factory.mktemp("iam")
    program = tools.path("versitygw")
    old = Gateway("gw-old", program, base / "old", with_sidecar=False, iam_dir=base / "iam-old")
    new = Gateway("gw-new", program, base / "new", with_sidecar=False, iam_dir=base / "iam-new")
    new.account = old.account
    old.start(keeper)
    make_accounts(program, old)
    assert main(["iam", "convert", str(old.iam_dir), "--to", str(new.iam_dir)]) == 0
    new.start(keeper)
    yield Pair(old, new, program, base)
    for gateway in (old, new):
        keeper.forget(gateway.server)


def make_accounts(program: str, gateway: Gateway) -> None:
    """Make every account as an operator does: also one that is changed, and one deleted again."""
    made = {**SECRETS, "AKUSER": FORMER, GONE: "w" + SECRETS["AKOTHER"], UNUSED: "u-9Kd2-Lw71-pW9x"}
    for number, (access, secret) in enumerate(made.items()):
        ids = ("-ui", str(1000 + number), "-gi", "7", "-pi", str(number))
        role = ROLES.get(access, "user")
        admin(program, gateway, "create-user", "-a", access, "-s", secret, "-r", role, *ids)
    admin(program, gateway, "update-user", "-a", "AKUSER", "-s", SECRETS["AKUSER"])
    admin(program, gateway, "delete-user", "-a", GONE)


def furnish(program: str, gateway: Gateway) -> None:
    """Give a gateway the same buckets: one of AKOTHER's that AKUSER may read by its policy."""
    root = client(gateway, gateway.account.access, gateway.account.secret)
    for bucket, owner in (("shared", "AKOTHER"), ("plus", "AKPLUS")):
        root.create_bucket(Bucket=bucket)
        root.put_object(Bucket=bucket, Key="k", Body=b"hello")
        admin(program, gateway, "change-bucket-owner", "-b", bucket, "-o", owner)
    root.put_bucket_policy(Bucket="shared", Policy=json.dumps(POLICY))


CALLS: dict[str, Callable[[BaseClient, str], object]] = {
    "list buckets": lambda s3, _: [one["Name"] for one in s3.list_buckets()["Buckets"]],
    "make a bucket": lambda s3, who: s3.create_bucket(Bucket=f"own-{who}"),
    "get": lambda s3, _: s3.get_object(Bucket="shared", Key="k")["Body"].read(),
    "head": lambda s3, _: s3.head_object(Bucket="shared", Key="k")["ETag"],
    "list": lambda s3, _: s3.list_objects_v2(Bucket="shared")["KeyCount"],
    "put": lambda s3, who: s3.put_object(Bucket="shared", Key=who, Body=b"x")["ETag"],
    "get its own": lambda s3, _: s3.get_object(Bucket="plus", Key="k")["Body"].read(),
    "read the acl": lambda s3, _: s3.get_bucket_acl(Bucket="plus")["Owner"],
    "read the policy": lambda s3, _: s3.get_bucket_policy(Bucket="shared")["Policy"],
    "delete": lambda s3, who: s3.delete_object(Bucket="shared", Key=who),
    "delete another's": lambda s3, _: s3.delete_object(Bucket="plus", Key="k"),
}


def answers(gateway: Gateway) -> dict[tuple[str, str], object]:
    """Return what each account is answered to each call: a result, or the error's code."""
    tried = {
        **{(who, "its secret"): secret for who, secret in SECRETS.items()},
        ("AKUSER", "its former secret"): FORMER,
        (GONE, "its secret"): "w" + SECRETS["AKOTHER"],
        ("AKNOBODY", "any secret"): "x" * 20,
    }
    found: dict[tuple[str, str], object] = {}
    for number, ((who, how), secret) in enumerate(tried.items()):
        s3 = client(gateway, who, secret)
        for call, ask in CALLS.items():
            try:
                told = ask(s3, f"u{number}")
            except ClientError as error:
                told = error.response["Error"]["Code"]
            if isinstance(told, dict) and "ResponseMetadata" in told:
                told = told["ResponseMetadata"]["HTTPStatusCode"]
            found[f"{who} with {how}", call] = told
        s3.close()
    return found


def test_every_account_is_allowed_and_denied_the_same_as_before(pair: Pair) -> None:
    for gateway in (pair.old, pair.new):
        furnish(pair.program, gateway)
    before, after = answers(pair.old), answers(pair.new)
    assert after == before
    assert len(before) == 88
    denied = {code for code in before.values() if isinstance(code, str)}
    assert {"AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"} <= denied
    assert before["AKUSER with its secret", "get"] == b"hello"
    assert before["AKUSER with its secret", "put"] == "AccessDenied"
    assert before["AKPLUS with its secret", "make a bucket"] == 200
    assert before["AKADMIN with its secret", "delete another's"] == 204


def test_the_converted_file_is_the_gateways_own_byte_for_byte(pair: Pair) -> None:
    assert pair.old.iam_dir is not None
    assert pair.new.iam_dir is not None
    old, new = pair.old.iam_dir / "users.json", pair.new.iam_dir / "users.json"
    assert new.read_bytes() == old.read_bytes()
    assert new.stat().st_mode & 0o777 == 0o600


def test_the_admin_api_gives_the_same_accounts_as_the_file(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    door = ["--endpoint", pair.old.url, "--access-key", pair.old.account.access]
    monkeypatch.setenv("ROOT_SECRET", pair.old.account.secret)
    door += ["--secret-key-env", "ROOT_SECRET"]
    to = pair.folder / "from-api"
    assert main(["iam", "convert", *door, "--to", str(to)]) == 0
    assert pair.old.iam_dir is not None
    assert (to / "users.json").read_bytes() == (pair.old.iam_dir / "users.json").read_bytes()
    assert main(["iam", "check", *door, "--against", str(pair.new.iam_dir)]) == 0
    monkeypatch.setenv("ROOT_SECRET", SECRETS["AKUSER"])
    assert main(["iam", "check", *door]) == 6
    said = capsys.readouterr()
    secrets = [*SECRETS.values(), pair.old.account.secret, FORMER]
    assert not [one for one in secrets if one in said.out + said.err]


def test_the_audit_reads_the_gateways_own_access_log(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    client(pair.old, "AKPLUS", SECRETS["AKPLUS"]).list_buckets()
    log = str(pair.old.access_log)
    assert main(["iam", "audit", str(pair.old.iam_dir), "--access-log", log, "--json"]) == 0
    accounts = json.loads(capsys.readouterr().out)["result"]["accounts"]
    rules = {one["access"]: [found["rule"] for found in one["findings"]] for one in accounts}
    assert rules[UNUSED] == ["unused"]
    assert rules["AKPLUS"] == []


def test_accounts_that_a_gateway_keeps_in_s3_come_over_by_its_admin_api_over_tls(
    pair: Pair, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = client(pair.old, pair.old.account.access, pair.old.account.secret)
    root.create_bucket(Bucket="iam-store")
    authority = Authority(pair.folder / "ca")
    gateway = Gateway(
        "gw-s3", pair.program, pair.folder / "s3", with_sidecar=False, tls=authority.issue("gw")
    )
    gateway.variables = {
        "VGW_S3_IAM_ACCESS_KEY": pair.old.account.access,
        "VGW_S3_IAM_SECRET_KEY": pair.old.account.secret,
        "VGW_S3_IAM_BUCKET": "iam-store",
        "VGW_S3_IAM_ENDPOINT": pair.old.url,
    }
    gateway.start(keeper)
    ids = ("-ui", "7", "-gi", "8", "-pi", "9")
    secret = SECRETS["AKPLUS"]
    admin(
        pair.program,
        gateway,
        *("create-user", "-a", "AKINS3", "-s", secret, "-r", "userplus", *ids),
        options=("--allow-insecure",),
    )
    monkeypatch.setenv("ROOT_SECRET", gateway.account.secret)
    door = ["--endpoint", gateway.url, "--access-key", gateway.account.access]
    door += ["--secret-key-env", "ROOT_SECRET"]
    to = pair.folder / "from-s3"
    assert main(["iam", "convert", *door, "--to", str(to)]) == 4, "an authority nobody knows"
    assert main(["iam", "convert", *door, "--ca-file", str(authority.file), "--to", str(to)]) == 0
    keeper.forget(gateway.server)
    written = json.loads((to / "users.json").read_text())["accessAccounts"]
    assert written == {
        "AKINS3": {
            "access": "AKINS3",
            "secret": secret,
            "role": "userplus",
            "userID": 7,
            "groupID": 8,
            "projectID": 9,
        }
    }
    said = capsys.readouterr()
    assert "--ca-file" in said.err
    assert secret not in said.out + said.err
