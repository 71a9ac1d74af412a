"""`vgwm target deploy`: what it writes and keeps; what it refuses, and what Docker has to say."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.cli.main import main
from core.control.deploy_desk import is_target_of
from core.control.wire.deploy import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = ("--storage-max", "4TB")


class Deploy:
    """Runs the command in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = ""
        self.err: dict[str, str] = {}

    def __call__(self, *words: str) -> tuple[int, dict[str, object]]:
        output = ("--output", str(self.folder), *SIZE)
        code = main(["target", "deploy", *output, *words, "--json"])
        self.out, err = self._capsys.readouterr()
        self.err = json.loads(err)["error"] if err else {}
        return code, json.loads(self.out)["result"] if self.out else {}

    def tree(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(self.folder)): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def deploy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Deploy:
    return Deploy(tmp_path / "target", capsys)


def test_files_are_written_with_the_hash_that_the_dry_run_told(deploy: Deploy) -> None:
    code, planned = deploy("--dry-run")
    assert (code, planned["state"]) == (0, "planned")
    assert not deploy.folder.exists()
    code, written = deploy()
    assert (code, written["state"], written["hash"]) == (0, "written", planned["hash"])
    files = written["files"]
    assert isinstance(files, list)
    assert {one["path"]: one["mode"] for one in files} == {
        name: f"{mode:04o}" for name, (mode, _) in deploy.tree().items()
    }
    assert deploy.folder.stat().st_mode & 0o777 == 0o700


def test_a_second_run_is_identical(deploy: Deploy) -> None:
    _, first = deploy()
    before = deploy.tree()
    code, second = deploy()
    assert (code, second["state"], second["hash"]) == (0, "unchanged", first["hash"])
    assert deploy.tree() == before
    assert deploy("--dry-run")[1]["hash"] == first["hash"]


def test_what_differs_needs_force_and_is_kept(deploy: Deploy) -> None:
    deploy()
    before = deploy.tree()
    assert deploy("--nodes", "4")[0] == 5
    assert deploy.tree() == before
    code, told = deploy("--nodes", "4", "--force")
    backups = told["backups"]
    assert isinstance(backups, list)
    assert code == 0
    after = deploy.tree()
    kept = [content for name, (_, content) in after.items() if name.endswith(".backup")]
    changed = [content for name, (_, content) in before.items() if after[name][1] != content]
    assert sorted(kept) == sorted(changed)
    assert len(kept) == len(backups) > 5
    secret = ("secrets/cluster.password", "secrets/cluster.env")
    assert all(after[name] == before[name] for name in secret), "nobody is shut out"


def test_a_node_that_comes_back_is_who_it_was(deploy: Deploy) -> None:
    deploy("--nodes", "3")
    third = deploy.tree()["cluster-2/identity.json"]
    deploy("--nodes", "2", "--force")
    shutil.rmtree(deploy.folder / "cluster-2")
    deploy("--nodes", "3", "--force")
    assert deploy.tree()["cluster-2/identity.json"] == third


def test_an_edited_or_opened_file_is_noticed(deploy: Deploy) -> None:
    deploy()
    (deploy.folder / "secrets" / "redis.password").chmod(0o644)
    assert deploy()[0] == 5
    assert "secrets/redis.password" in deploy.err["what"]
    assert deploy("--force")[0] == 0
    assert (deploy.folder / "secrets" / "redis.password").stat().st_mode & 0o777 == 0o600


def test_secrets_that_were_damaged_are_not_made_anew(deploy: Deploy) -> None:
    deploy()
    (deploy.folder / "secrets" / "keys.json").write_text('{"cluster_secret":"pl4nted"')
    assert deploy("--force")[0] == 2
    assert "pl4nted" not in str(deploy.err)


@pytest.mark.parametrize(
    "words",
    [
        ("--nodes", "0"),
        ("--nodes", "10"),
        ("--listen", "0.0.0.0"),  # noqa: S104 - what is refused
        ("--listen", "host"),
        ("--replication-min", "4"),
        ("--replication-max", "0"),
        ("--storage-max", "4"),
        ("--port-offset", "60000"),
    ],
)
def test_bad_options_write_nothing(deploy: Deploy, words: tuple[str, ...]) -> None:
    assert deploy(*words)[0] == 2
    assert not deploy.folder.exists()


def test_no_answer_holds_a_secret(deploy: Deploy) -> None:
    said = ""
    for words in ((), ("--dry-run",), ("--nodes", "2"), ("--nodes", "2", "--force")):
        deploy(*words)
        said += deploy.out + str(deploy.err)
    keys = json.loads((deploy.folder / "secrets" / "keys.json").read_text())
    people = [one["private_key"] for one in (*keys["kubo"], *keys["cluster"])]
    planted = [keys["cluster_secret"], keys["cluster_password"], keys["redis_password"], *people]
    assert not [one for one in planted if one in said]


DOCKER = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$1 $2" in
"version --format") echo {docker} ;;
"compose version") echo {compose} ;;
*) {then} ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for programs; empty: no Docker."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


PULL_FAILS = 'echo "pull failed for redis" >&2; exit 1'


def put_docker(folder: Path, docker: str, compose: str, *, then: str = PULL_FAILS) -> None:
    program = folder / "docker"
    text = DOCKER.format(docker=docker, compose=compose, then=then)
    program.write_text(text.replace("dirname", "/usr/bin/dirname"))
    program.chmod(0o755)


def test_up_without_docker_is_unknown_and_writes_nothing(deploy: Deploy, docker: Path) -> None:
    assert list(docker.iterdir()) == []
    assert deploy("--up")[0] == 4
    assert "Docker" in deploy.err["what"]
    assert "systemd" in deploy.err["remedy"]
    assert not deploy.folder.exists()


@pytest.mark.parametrize(
    ("server", "compose", "names"),
    [("19.3.1", "2.20.0", "Docker is 19.3.1"), ("24.0.7", "1.29.2", "Docker Compose is 1.29.2")],
)
def test_up_with_an_old_docker_is_unknown(
    deploy: Deploy, docker: Path, server: str, compose: str, names: str
) -> None:
    put_docker(docker, server, compose)
    assert deploy("--up")[0] == 4
    assert names in deploy.err["what"]
    assert not deploy.folder.exists()


def test_up_that_docker_refuses_says_why_and_leaves_the_files(deploy: Deploy, docker: Path) -> None:
    put_docker(docker, "28.2.2", "v2.36.0")
    assert deploy("--up")[0] == 4
    assert "pull failed for redis" in deploy.err["what"]
    assert "compose.yaml" in deploy.tree()
    asked = (docker / "asked").read_text().splitlines()
    assert asked[-1] == f"compose --project-directory {deploy.folder} up --detach"


@contextmanager
def listening(deploy: Deploy, offset: int) -> Iterator[None]:
    """Hold every port of a deployment, as its programs would."""
    ports = deploy("--dry-run", "--port-offset", str(offset))[1]["ports"]
    assert isinstance(ports, list)
    with ExitStack() as held:
        for port in ports:
            one = held.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port["port"]))
            one.listen()
        yield


def free_offset(deploy: Deploy) -> int:
    for offset in range(16_100, 40_000, 37):
        with suppress(OSError), listening(deploy, offset):
            return offset
    raise AssertionError("no free ports")


def test_up_waits_for_every_port_and_checks_a_workspace_of_this_target_alone(
    deploy: Deploy, docker: Path, tmp_path: Path
) -> None:
    put_docker(docker, "28.2.2", "v2.36.0", then="exit 0")
    offset = free_offset(deploy)
    workspace = tmp_path / "ws"
    workspace.mkdir()
    with listening(deploy, offset):
        code, told = deploy("--up", "--port-offset", str(offset))
        assert (code, told["state"]) == (0, "written")
        assert told["started"] == "Docker 28.2.2, Compose v2.36.0"
        text = (deploy.folder / "target.yaml").read_text()
        source = f"v: 1\nid: 9f2c1a7e\nsource: {{type: posix, path: {tmp_path}/gw}}\n"
        (workspace / "vgwm.yaml").write_text(source + text)
        made = msgspec.convert(told, Deployment)
        assert is_target_of(workspace, made)
        other = text.replace(f":{5001 + offset}", ":5001")
        (workspace / "vgwm.yaml").write_text(source + other)
        assert not is_target_of(workspace, made)
        assert not is_target_of(tmp_path, made)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd to ask")
def test_systemd_finds_no_fault_in_the_units(deploy: Deploy) -> None:
    deploy()
    units = [str(path) for path in (deploy.folder / "systemd").iterdir()]
    assert len(units) == 10
    program = shutil.which("systemd-analyze") or ""
    done = subprocess.run(  # noqa: S603 - the distribution's program
        [program, "verify", *units], capture_output=True, text=True, check=False
    )
    faults = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert faults == []
