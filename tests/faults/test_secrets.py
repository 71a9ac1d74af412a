"""I9: secrets planted in environment, files and URLs are found in nothing that vgwm leaves behind.

The stand-in servers are malicious in one way: they repeat the credentials that they were sent.
"""

from __future__ import annotations

import asyncio
import base64
import os
import select
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

import msgspec
import psutil
import pytest

from core.control.client import Client
from core.control.feed import EventFeed
from core.control.flight import frames as flight
from core.control.flight.reading import open_recording
from tests.fakes import cluster_server
from tests.fakes.http_server import Reply
from tests.faults.disturbed import Pty
from tests.integration.cli.shell import Ran, environment, vgwm
from tests.integration.engine.ground import Ground
from tests.integration.engine.ipfs_ground import Nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)  # a dozen processes: slow where many share a core

CLUSTER = "pl4nt+Cl/uster=9Zq"
S3 = "pl4ntS3/k7Qd+x81"
TOKEN = "t1.pl4ntYdb-T0k3n.Zz9"  # noqa: S105 - planted to be found
URL = "pl4ntUrlPw77"
PLANTED = (CLUSTER, S3, TOKEN, URL)

FAULT = """
import sys
from core.cli.main import main
from core.config.secret import SecretRef
from core.control import host
async def stumble(*_arguments, **_options):
    shown = [SecretRef.parse(ref).resolve().reveal() for ref in sys.argv[2:]]
    raise RuntimeError(f"boom {' '.join(shown)}")
host.serve = stumble
sys.exit(main(["engine", "serve", "-w", sys.argv[1]]))
"""
"""An engine that falls over with its secrets in the error's text."""


class Place(NamedTuple):
    """Where secrets are planted, and the environment that names them."""

    home: Path
    ground: Ground
    nodes: Nodes
    env: Mapping[str, str]
    token: Path


def spellings(secret: str) -> set[bytes]:
    """Return the forms in which a secret travels: as it is, in a URL, in a header."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    coded = (secret, f"{cluster_server.USER}:{secret}")
    return {text.encode() for text in plain} | {base64.b64encode(text.encode()) for text in coded}


def leaks(text: bytes) -> list[bytes]:
    return [one for secret in PLANTED for one in spellings(secret) if one in text]


def leaking_files(place: Place) -> list[str]:
    planted = {place.token, place.home / ".aws" / "credentials"}
    return [
        str(path)
        for path in sorted(place.home.rglob("*"))
        if path.is_file() and path not in planted and leaks(content(path))
    ]


def content(path: Path) -> bytes:
    """Return what a file says; a recording is read as `vgwm replay` reads it."""
    if path.suffix != flight.SUFFIX:
        return path.read_bytes()
    recording = open_recording(path)
    return b"".join(msgspec.json.encode(recording.at(nth)) for nth in range(len(recording)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(cluster_server, "PASSWORD", CLUSTER)
    ground = Ground(tmp_path / "gw", tmp_path / "out", tmp_path / "ws", {})
    for number in range(60):
        ground.put("bucket", f"k{number:02d}", bytes([number]) * 3_000)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[old]\naws_access_key_id = AKOLD\naws_secret_access_key = {S3}\n"
    )
    nodes = Nodes(3)
    env = {
        "CLUSTER_PW": CLUSTER,
        "AWS_SECRET_ACCESS_KEY": S3,
        "S3_SECRET": S3,
        "BACKUP_URL": f"https://op:{URL}@backup.example/x?token={TOKEN}",
    }
    yield Place(tmp_path, ground, nodes, env, token)
    nodes.close()


async def init(place: Place, ws: Path, *more: str) -> Ran:
    kubo = [word for node in place.nodes.kubos for word in ("--kubo", node.url)]
    peers = [word for peer in place.nodes.cluster.peers for word in ("--cluster", peer.url)]
    return await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{place.ground.source}"),
        *("--target", "ipfs", *kubo, *peers, "--cluster-user", cluster_server.USER),
        *("--cluster-password-env", "CLUSTER_PW", "--replication", "2", *more),
        home=place.home,
        env=place.env,
    )


def repeat_credentials(nodes: Nodes) -> None:
    """Let nodes and peers answer some requests with what they were sent."""
    header = base64.b64encode(f"{cluster_server.USER}:{CLUSTER}".encode()).decode()
    told = f"who is vgwm:{CLUSTER}? Authorization: Basic {header} http://op:{URL}@x/?p={CLUSTER}"
    for kubo in nodes.kubos:
        kubo.orders.extend([lambda _request: Reply(500, told.encode())])
    nodes.cluster.refusals.extend([Reply(500, told.encode()), Reply(401, told.encode())])


def titles_and_environments(engine: int) -> bytes:
    """Return what any process of this user sees of the engine's, environments of workers too."""
    whole = psutil.Process(engine)
    below = whole.children(recursive=True)
    titles = [" ".join(one.cmdline()) for one in (whole, *whole.parents()[:1], *below)]
    workers = [f"{name}={value}" for one in below for name, value in one.environ().items()]
    assert workers, "no worker to look at"
    return "\n".join([*titles, *workers]).encode()


def frames(ws: Path, home: Path) -> bytes:
    """Return what the screens wrote: Home, Migrate, Errors, Log; each also into reports/."""
    window = Pty("-w", str(ws), home=home)
    written = window.read_until(b"vgwm")
    for screen, keys in {"home": "w", "migrate": "gmw", "errors": "gew", "log": "glw"}.items():
        os.write(window.master, keys.encode())
        while not list((ws / "reports").glob(f"{screen}-*.svg")):
            if select.select([window.master], [], [], 0.05)[0]:
                written += os.read(window.master, 65_536)
    os.write(window.master, b"q")
    assert window.child.wait(20) == 0
    window.close()
    return written


async def something_went_wrong(ws: Path) -> None:
    async with Client(ws) as client:
        feed = EventFeed(client, 0)
        while True:
            seen = await feed.up_to((await client.snapshot()).last_seq)
            if any(event.level != "info" for event in seen):
                return
            await asyncio.sleep(0.1)


async def crashed(place: Place) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FAULT, str(place.ground.workspace)),
        *("env:CLUSTER_PW", "env:S3_SECRET", f"file:{place.token}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(place.home, place.env),
    )
    out, err = await child.communicate()
    assert child.returncode == 70, err
    (report,) = (place.home / ".local" / "state" / "vgwm").iterdir()
    assert b"boom [secret]" in report.read_bytes()
    return out + err


async def test_i9_planted_secrets_are_found_nowhere(place: Place) -> None:
    ws, home = place.ground.workspace, place.home

    async def told(*words: str, of: Path = ws) -> bytes:
        ran = await vgwm(*words, "-w", str(of), home=home, env=place.env)
        return (ran.out + ran.err).encode()

    said: list[bytes] = []
    made = await init(place, ws, "--table", f"sqlite:{home / 'objects.db'}")
    assert made.code == 0, made.err
    try:
        said += [await told("plan"), await told("plan", "show", "--json")]
        repeat_credentials(place.nodes)
        ran = await vgwm("copy", "--workers", "2", "-w", str(ws), home=home, env=place.env)
        said += [ran.out.encode(), ran.err.encode()]
        async with Client(ws) as client:
            now = await client.snapshot()
            events = await client.events()
            said += [(await client.metrics()).encode(), repr(now).encode(), repr(events).encode()]
        assert any(event.level != "info" for event in events.events), "no server was heard"
        for words in ("status --json", "status --plain", "errors --json", "jobs --json", "set"):
            said.append(await told(*words.split()))
        repeat_credentials(place.nodes)
        said.append(await told("report", "--output", str(home / "report")))
        assert len(list((home / "report").iterdir())) == 3
        await told("pause")
        said.append(titles_and_environments(now.engine.pid))
        said.append(await asyncio.to_thread(frames, ws, home))
        assert leaking_files(place) == []
    finally:
        said.append(await told("engine", "stop"))
    said.append(await crashed(place))
    assert [leak for text in said for leak in leaks(text)] == []
    assert leaking_files(place) == []
    assert (ws / "engine.log").stat().st_size
    assert len(open_recording(ws))
    assert list((ws / "reports").iterdir())


async def test_i9_what_cannot_be_reached_or_is_refused_repeats_no_secret(place: Place) -> None:
    said: list[Ran] = []
    ydb = place.home / "ydb"
    said.append(
        await init(
            place,
            ydb,
            *("--table", "ydb:grpc://127.0.0.1:9/local", "--table-token-file", str(place.token)),
        )
    )
    for words in (["plan"], ["copy", "--detach"]):
        said.append(await vgwm(*words, "-w", str(ydb), home=place.home, env=place.env))
        assert said[-1].code == 0, said[-1].err
    await something_went_wrong(ydb)
    said.append(await vgwm("status", "--plain", "-w", str(ydb), home=place.home, env=place.env))
    said.append(await vgwm("engine", "stop", "-w", str(ydb), home=place.home))
    bad = place.home / "bad"
    said.append(await init(place, bad, "--kubo", f"http://op:{URL}@k1:5001"))
    said.append(await init(place, bad, "--cluster-password", CLUSTER))
    assert [ran.code for ran in said[-2:]] == [2, 2]
    old = place.home / "s3"
    old.mkdir()
    (old / "vgwm.yaml").write_text(
        "{v: 1, id: 9f2c1a7e, source: {type: s3, endpoint: 'https://127.0.0.1:9', region: eu-1,"
        " access_key_ref: 'aws:old', secret_ref: 'env:S3_SECRET'},"
        " target: {type: dir, path: /out}}"
    )
    said.append(await vgwm("plan", "-w", str(old), home=place.home, env=place.env))
    assert said[-1].code == 4, said[-1].err
    assert [leak for ran in said for leak in leaks((ran.out + ran.err).encode())] == []
    assert leaking_files(place) == []


async def test_i9_a_secret_pasted_into_vgwm_yaml_is_refused_without_repeating_it(
    place: Place,
) -> None:
    ws = place.ground.workspace
    made = await init(place, ws, "--table", f"sqlite:{place.home / 'objects.db'}")
    assert made.code == 0, made.err
    file = ws / "vgwm.yaml"
    for before, after in (
        ("env:CLUSTER_PW", CLUSTER),
        (place.nodes.kubos[0].url, f"http://op:{URL}@127.0.0.1:5001"),
    ):
        whole = file.read_text()
        assert before in whole
        file.write_text(whole.replace(before, after, 1))
        ran = await vgwm("status", "-w", str(ws), home=place.home, env=place.env)
        file.write_text(whole)
        assert ran.code == 2
        assert leaks((ran.out + ran.err).encode()) == []
