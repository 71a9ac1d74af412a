"""`vgwm init`: what it writes, what it refuses, what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.schema import DirTarget, IpfsTarget, PosixSource
from core.config.workspace import load
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

IPFS = (
    *("--kubo", "http://k1:5001", "--kubo", "http://k2:5001,http://k3:5001"),
    *("--cluster", "http://k1:9094", "--cluster-user", "op"),
    *("--table", "ydb:grpc://ydb:2136/local"),
)
PASSWORD = ("--cluster-password-env", "PW")


def backups(ws: Path) -> list[bytes]:
    return [path.read_bytes() for path in ws.glob("vgwm.yaml.*.backup")]


async def test_it_writes_a_workspace_that_only_its_owner_reads(
    tmp_path: Path, gateway: Path
) -> None:
    ws = tmp_path / "new" / "ws"
    out = tmp_path / "out"
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}", "--target", f"dir:{out}"),
        *("--json",),
        home=tmp_path,
    )
    assert ran.code == 0, ran.err
    made = load(ws / "vgwm.yaml")
    assert made.source == PosixSource(path=gateway)
    assert made.target == DirTarget(path=out)
    assert ran.result()["id"] == made.id
    assert ws.stat().st_mode & 0o777 == 0o700
    assert (ws / "vgwm.yaml").stat().st_mode & 0o777 == 0o600


async def test_an_ipfs_target_takes_every_node_and_secrets_by_reference(
    tmp_path: Path, gateway: Path
) -> None:
    ws = tmp_path / "ws"
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}", "--target", "ipfs", *IPFS),
        *("--cluster-password-env", "CLUSTER_PW", "--table-password-file", str(tmp_path / "pw")),
        *("--table-user", "ydb-op", "--replication", "2", "--profile", "extended"),
        *("--cache", "r1:6379,r2:6379", "--cache", "r3:6379", "--cache-password-env", "CACHE_PW"),
        home=tmp_path,
    )
    assert ran.code == 0, ran.err
    target = load(ws / "vgwm.yaml").target
    assert isinstance(target, IpfsTarget)
    assert target.kubo == ("http://k1:5001", "http://k2:5001", "http://k3:5001")
    assert str(target.cluster_password_ref) == "env:CLUSTER_PW"
    assert str(target.table_password_ref) == f"file:{tmp_path / 'pw'}"
    assert (target.replication, target.profile) == (2, "extended")
    assert target.cache is not None
    assert target.cache.endpoints == ("r1:6379", "r2:6379", "r3:6379")
    assert target.cache.type == "redis_cluster"
    assert str(target.cache.password_ref) == "env:CACHE_PW"
    assert "CLUSTER_PW is not set" in ran.err
    assert f"no file {tmp_path / 'pw'}" in ran.err


async def test_a_dry_run_writes_nothing(tmp_path: Path, gateway: Path) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", f"posix:{gateway}"),
        *("--target", f"dir:{tmp_path / 'out'}", "--dry-run"),
        home=tmp_path,
    )
    assert ran.code == 0
    assert f"path: {gateway}" in ran.out
    assert not (tmp_path / "ws").exists()


async def test_an_existing_workspace_is_refused_and_left_as_it_is(
    tmp_path: Path, gateway: Path, ws: Path
) -> None:
    before = (ws / "vgwm.yaml").read_bytes()
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}", "--target", "dir:/elsewhere"),
        home=tmp_path,
    )
    assert ran.code == 5
    assert (ws / "vgwm.yaml").read_bytes() == before


async def test_force_keeps_the_id_and_the_old_file(tmp_path: Path, gateway: Path, ws: Path) -> None:
    before = (ws / "vgwm.yaml").read_bytes()
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}", "--target", "dir:/elsewhere"),
        *("--force",),
        home=tmp_path,
    )
    assert ran.code == 0, ran.err
    assert load(ws / "vgwm.yaml").id == "9f2c1a7e"
    assert backups(ws) == [before]


async def test_a_path_that_is_no_gateways_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", f"posix:{tmp_path / 'empty'}"),
        *("--target", "dir:/out", "--json"),
        home=tmp_path,
    )
    assert ran.code == 2
    assert ran.error()["code"] == "no_gateway_root"
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("dir:/out", "--cluster-user", "op"), "--cluster-user is for ipfs targets"),
        (("dir:/out", "--cache", "r1:6379"), "--cache is for ipfs targets"),
        (("ipfs", *IPFS, "--cache-type", "redis"), "options of a cache, and no cache"),
        (("ipfs", *IPFS, *PASSWORD, "--cache", "r1"), "Write HOST:PORT"),
    ],
)
async def test_options_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, gateway: Path, given: tuple[str, ...], says: str
) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", f"posix:{gateway}", "--target", *given),
        home=tmp_path,
    )
    assert ran.code == 2
    assert says in ran.err
    assert not (tmp_path / "ws").exists()


S3 = ("--s3-access-key-env", "NOT_SET_A", "--s3-secret-env", "NOT_SET_S")


@pytest.mark.parametrize(
    ("source", "given", "says"),
    [
        ("s3:http://blue:7070", (), "--s3-access-key-env NAME"),
        ("s3:http://blue:7070", S3[:2], "--s3-secret-env NAME"),
        ("s3:http://blue:7070", S3, "env:NOT_SET_A"),
        ("s3:http://blue:7070", (*S3, "--nometa"), "--nometa is not for such a source"),
        ("s3:blue:7070", S3, "source.endpoint"),
        ("s3:http://a:b@blue:7070", S3, "holds credentials"),
        ("s3:http://blue:7070", (*S3[:2], "--s3-secret", "abc"), "Change that secret"),
        ("posix:GATEWAY", ("--s3-region", "eu"), "--s3-region is not for such a source"),
        ("nfs:/x", (), "s3:http://HOST:PORT"),
    ],
)
async def test_a_source_that_is_named_wrongly_makes_no_workspace(
    tmp_path: Path, gateway: Path, source: str, given: tuple[str, ...], says: str
) -> None:
    named = source.replace("GATEWAY", str(gateway))
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", named, "--target", "dir:/out", *given),
        home=tmp_path,
    )
    assert ran.code == 2
    assert says in ran.err
    assert "a:b" not in ran.err
    assert not (tmp_path / "ws").exists()


async def test_a_password_by_variable_and_by_file_is_refused(tmp_path: Path) -> None:
    ran = await vgwm(
        *("init", "-w", str(tmp_path / "ws"), "--source", "posix:/x", "--target", "ipfs"),
        *("--cluster-password-env", "A", "--cluster-password-file", "/b"),
        home=tmp_path,
    )
    assert ran.code == 2
    assert "--cluster-password-env" in ran.err


async def test_a_workspace_inside_of_its_source_leaves_the_source_alone(
    tmp_path: Path, gateway: Path
) -> None:
    ws = gateway / "ws"
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}"),
        *("--target", f"dir:{tmp_path / 'out'}", "--json"),
        home=tmp_path,
    )
    assert ran.code == 2
    assert "inside of its source" in ran.error()["what"]
    assert not ws.exists()


async def test_a_profile_with_an_unknown_field_makes_no_workspace(
    tmp_path: Path, gateway: Path
) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("profile: mine\nfoo: 1\n")
    ws = tmp_path / "ws"
    ran = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}"),
        *("--target", f"dir:{tmp_path / 'out'}", "--profile", str(profile), "--json"),
        home=tmp_path,
    )
    assert ran.code == 2
    assert "foo" in ran.error()["what"]
    assert not ws.exists()
