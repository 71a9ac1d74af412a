"""Facts of nodes and programs: as they are told, or unknown with the reason."""

from __future__ import annotations

import json
import resource
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from core.config.schema import IpfsTarget
from core.model import Unknown
from core.preflight.facts_docker import docker_versions
from core.preflight.facts_host import free_bytes, host_facts, same_disk
from core.preflight.facts_nodes import node_rooms, replication
from core.preflight.judge_host import MISSING
from tests.fakes.http_server import HttpServer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REPO = {"RepoSize": 30, "StorageMax": 100}
DISK = {"diskinfo": {"free_space": 90, "total_space": 50}}
SHUT = "http://127.0.0.1:9"


@contextmanager
def kubo(told: Mapping[str, object]) -> Iterator[str]:
    """Serve these answers of a Kubo; 404 for every other question."""

    def answer(request: Request) -> Reply:
        command = request.path.removeprefix("/api/v0/")
        if command not in told:
            return Reply(404, b"404 page not found\n")
        return Reply(200, json.dumps(told[command]).encode())

    server = HttpServer(answer, lambda _request: None)
    try:
        yield server.url
    finally:
        server.close()


def target(*urls: str, copies: int | None = None) -> IpfsTarget:
    return IpfsTarget(kubo=urls, cluster=(SHUT,), table="sqlite:/t", replication=copies)


async def test_a_nodes_room_is_its_limit_and_the_smaller_word_for_its_disk() -> None:
    with kubo({"repo/stat": REPO, "diag/sys": DISK}) as url:
        (room,) = await node_rooms(target(url))
    assert (room.name, room.used, room.limit, room.disk_free, room.free) == (
        *("kubo-1", 30, 100),
        *(50, 50),
    )


@pytest.mark.parametrize("told", [{}, {"diag/sys": {"diskinfo": {}}}, {"diag/sys": []}])
async def test_i7_a_disk_that_is_not_told_is_unknown(told: dict[str, object]) -> None:
    with kubo({"repo/stat": REPO, **told}) as url:
        (room,) = await node_rooms(target(url))
    assert (room.disk_free, room.free, room.fault) == (None, 70, "")


async def test_i7_a_node_that_is_down_or_no_kubo_is_named_and_the_others_are_told() -> None:
    with kubo({"repo/stat": REPO, "diag/sys": DISK}) as up, kubo({}) as other:
        rooms = await node_rooms(target(SHUT, up, other, "nonsense"))
    assert [bool(room.fault) for room in rooms] == [True, False, True, True]
    assert all(room.remedy for room in rooms if room.fault)


async def test_a_node_that_does_not_tell_is_asked_once_more() -> None:
    late = ["repo/stat"]
    told = {"repo/stat": REPO, "diag/sys": DISK}

    def answer(request: Request) -> Reply:
        command = request.path.removeprefix("/api/v0/")
        if command in late:
            late.remove(command)
            return Reply(503, b"one moment\n")
        return Reply(200, json.dumps(told[command]).encode())

    server = HttpServer(answer, lambda _request: None)
    try:
        (room,) = await node_rooms(target(server.url))
    finally:
        server.close()
    assert (room.fault, room.free) == ("", 50)


def test_copies_are_those_asked_for_else_the_profiles_highest_or_a_node_each() -> None:
    assert replication(target(SHUT, copies=5)) == 5
    assert replication(target(SHUT)) == 1
    assert replication(target(*[SHUT] * 9)) == 3


def docker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "engine", "compose"),
    [
        ('case "$1" in compose) echo v2.29.1;; *) echo 27.1.1;; esac', "27.1.1", "v2.29.1"),
        ('case "$1" in compose) exit 1;; *) echo 27.1.1;; esac', "27.1.1", MISSING),
        ("echo 27.1.1; exit 1", MISSING, MISSING),
        ('printf "\\033[2Jx"', "\\u{1b}[2Jx", "\\u{1b}[2Jx"),
    ],
)
async def test_docker_tells_its_versions_or_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, engine: object, compose: object
) -> None:
    docker(tmp_path, script, monkeypatch)
    assert await docker_versions() == (engine, compose)


async def test_without_the_program_docker_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await docker_versions() == (MISSING, MISSING)


def test_the_hosts_facts_are_those_of_this_process(tmp_path: Path) -> None:
    facts = host_facts(tmp_path)
    assert facts.nofile == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert facts.disk_bytes == shutil.disk_usage(tmp_path).total
    assert facts.cores > 0
    assert isinstance(facts.nic_mbps, Unknown) or facts.nic_mbps > 0


def test_a_folder_that_is_not_there_yet_has_the_room_of_its_parent(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0
    assert same_disk(tmp_path / "a", tmp_path)
