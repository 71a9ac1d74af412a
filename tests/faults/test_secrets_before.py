"""I9 before the move: secrets of every kind are in no output of the commands that prepare it.

Configuration, accounts, cluster, cache, table and S3: all planted, and the servers repeat whatever
they are sent.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from tests.fakes.http_server import HttpServer, Reply
from tests.faults.disturbed import Pty
from tests.faults.forked_cli import ForkedCli, Forks, Said
from tests.integration.cli.shell import vgwm
from tests.integration.engine.ground import make_ground

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.http_server import Request

pytestmark = pytest.mark.timeout(180)  # many processes: slow where many share a core

ROOT = "pl4nt+R/oot=9Zq-Kd81"
EVENTS = "pl4ntEventsPw77"
TOKEN = "pl4nt-t0k3n-in-a-url"  # noqa: S105 - planted to be found
VAULT = "pl4nt-vault-Zx81"
UNKNOWN = "pl4nt-unk-n0wn-Kq7"
ACCOUNT = "pl4nt+Acc/ount=Kd2Lw71"
TWIN = "pl4nt-short"
CLUSTER = "pl4nt+Cl/uster=7Qd"
REDIS = "pl4nt-r3dis-x81Kd"
YDB = "t1.pl4ntYdb-T0k3n.Zz9"
S3 = "pl4ntS3/k7Qd+x81"
PLANTED = (ROOT, EVENTS, TOKEN, VAULT, UNKNOWN, ACCOUNT, TWIN, CLUSTER, REDIS, YDB, S3)

CONF = f"""\
VGW_BACKEND=posix
VGW_BACKEND_ARG={{tree}}
VGW_PORT=:7070
VGW_IAM_DIR={{iam}}
ROOT_ACCESS_KEY_ID=root1
ROOT_SECRET_ACCESS_KEY="{ROOT}"
VGW_LOG_WEBHOOK_URL=https://op:{EVENTS}@hook.example/x?token={TOKEN}
VGW_IAM_VAULT_ROLE_SECRET={VAULT}
VGW_SOME_TOKEN={UNKNOWN}
"""


WORKSPACE = """\
v: 1
id: 9f2c1a7e
source: {{type: posix, path: {tree}}}
target:
  type: ipfs
  kubo: {kubo}
  cluster: {cluster}
  cluster_user: vgwm
  cluster_password_ref: "env:CLUSTER_PW"
  table: "{table}"
  table_token_ref: "file:{token}"
  cache: {{endpoints: ["{cache}"], password_ref: "env:REDIS_PW"}}
gateways: [{{name: green-1, side: green, address: "{gateway}"}}]
"""


@dataclass(frozen=True)
class Place:
    """Where secrets are planted. kept: files and folders that hold them by what they are for."""

    home: Path
    ws: Path
    conf: Path
    iam: Path
    url: str
    run: ForkedCli

    @property
    def kept(self) -> set[str]:
        names = ("gw.conf", "bad.conf", "iam", "broken", "token", "gw.env", "new-iam", "backup")
        return {str(self.home / name) for name in names}


def spellings(secret: str) -> set[bytes]:
    """Return the forms in which a secret travels: as it is, in a URL, in JSON, in a header."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    coded = (secret, f"vgwm:{secret}", f"op:{secret}")
    texts = {text.encode() for text in plain} | {json.dumps(secret)[1:-1].encode()}
    return texts | {base64.b64encode(text.encode()) for text in coded}


def leaks(text: bytes) -> list[bytes]:
    return [one for secret in PLANTED for one in spellings(secret) if one in text]


def leaking_files(place: Place) -> list[str]:
    return [
        str(path)
        for path in sorted(place.home.rglob("*"))
        if path.is_file()
        and not {str(path), *map(str, path.parents)} & place.kept
        and leaks(path.read_bytes())
    ]


def repeat(request: Request) -> Reply:
    """Answer with what was asked, credentials in clear: no server is that bad."""
    told = f"{request.method} {request.path} {request.authorization} {request.query}"
    if request.authorization.startswith("Basic "):
        told += base64.b64decode(request.authorization[6:]).decode()
    return Reply(500, told.encode() + request.body[:2_000])


class _Parrot(socketserver.BaseRequestHandler):
    """Speaks to Redis' clients: an error that quotes what was sent."""

    def handle(self) -> None:
        while sent := self.request.recv(65_536):
            words = b" ".join(sent.split())
            self.request.sendall(b"-WRONGPASS of " + words + b"\r\n")


@pytest.fixture
def parrot() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Parrot) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def people(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    accounts = {
        name: {"access": name, "secret": secret, "role": "user", "userID": 1, "groupID": 1}
        for name, secret in (("AKA", ACCOUNT), ("AKB", ACCOUNT), ("AKC", TWIN))
    }
    (folder / "users.json").write_text(json.dumps({"accessAccounts": accounts}))
    (folder / "users.json").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as forks:
        yield forks


@pytest.fixture
def place(tmp_path: Path, parrot: str, forks: Forks) -> Iterator[Place]:
    ground = make_ground(tmp_path, objects=6, buckets=1)
    ground.workspace.mkdir(mode=0o700)
    (tmp_path / "token").write_text(YDB)
    iam = people(tmp_path / "iam")
    conf = tmp_path / "gw.conf"
    conf.write_text(CONF.format(tree=ground.source, iam=iam))
    servers = [HttpServer(repeat) for _ in range(3)]
    urls = [server.url for server in servers]
    whole = WORKSPACE.format(
        tree=ground.source,
        kubo=json.dumps(urls),
        cluster=json.dumps([f"{url}/" for url in urls]),
        table=f"sqlite:{tmp_path / 'objects.db'}",
        token=tmp_path / "token",
        cache=parrot,
        gateway=urls[0],
    )
    (ground.workspace / "vgwm.yaml").write_text(whole)
    env = {
        "CLUSTER_PW": CLUSTER,
        "REDIS_PW": REDIS,
        "ROOT_SECRET": ROOT,
        "AWS_ACCESS_KEY_ID": "AKS3",
        "AWS_SECRET_ACCESS_KEY": S3,
    }
    run = ForkedCli(forks, tmp_path, env)
    yield Place(tmp_path, ground.workspace, conf, iam, urls[0], run)
    for server in servers:
        server.close()


def quiet(place: Place, said: list[Said]) -> None:
    """Assert that nothing of what was said or written holds a secret, and no fault was ours."""
    assert [(one.words, leaks(one.text)) for one in said if leaks(one.text)] == []
    assert [one for one in said if one.code == 70 and b"boom" not in one.text] == []
    assert leaking_files(place) == []


def test_i9_configuration_and_accounts_are_shown_without_a_secret(place: Place) -> None:
    home, run = place.home, place.run
    bad = home / "bad.conf"
    bad.write_text(f"{place.conf.read_text()}export VGW_X_SECRET={UNKNOWN}\nVGW_CERT=tls/gw.crt\n")
    (home / "broken").mkdir()
    (home / "broken" / "users.json").write_text(f'{{"accessAccounts":{{"A":"{ACCOUNT}"}}}}')
    yaml, env = home / "gw.yaml", home / "gw.env"
    endpoint = "backend.ipfs.metadata_db.endpoints=127.0.0.1:2136"
    decided = ("--accept", "VGW_SOME_TOKEN", "--set", endpoint, "--force")
    admin = ("--endpoint", place.url, "--access-key", "root1", "--secret-key-env", "ROOT_SECRET")
    said = []
    for form in ((), ("--json",)):
        for conf in (place.conf, bad):
            said += [run("config", "diff", conf, yaml, "-w", place.ws, *form)]
            said += [run("config", "check", conf, "-w", place.ws, *form)]
            said += [run("config", "sanitize", conf, "-w", place.ws, *form)]
        said += [run("config", "convert", place.conf, yaml, *decided, "-w", place.ws, *form)]
        said += [run("config", "check", yaml, "-w", place.ws, *form)]
        said += [run("config", "sanitize", env, "-w", place.ws, *form)]
        said += [run("config", "backup", place.conf, "--to", home / "backup", *form)]
        for folder in (place.iam, home / "broken"):
            said += [run("iam", "check", folder, "-w", place.ws, *form)]
            said += [run("iam", "audit", folder, "-w", place.ws, *form)]
        said += [run("iam", "convert", place.iam, "--to", home / "new-iam", "--force", *form)]
        said += [run("iam", "check", home / "new-iam", "--against", place.iam, *form)]
        said += [run("iam", "check", *admin, *form)]
        said += [run("guide", "migrate-iam", *form)]
    said += [run("iam", "check", place.iam, "--secret-key", ROOT)]
    said += [run("config", "convert", place.conf, yaml, "--set", f"iam.admin_secret_ref={ROOT}")]
    quiet(place, said)
    assert b"[secret " in b"".join(one.text for one in said)
    assert ACCOUNT in (home / "new-iam" / "users.json").read_text()
    assert ROOT in env.read_text(), "it was not converted"


def test_i9_a_fault_while_secrets_are_at_hand_reports_none(place: Place) -> None:
    said = [
        place.run.stumble("core.control.iam.desk:read_store", "iam", "audit", place.iam),
        place.run.stumble(
            "core.control.iam.desk:render", "iam", "convert", place.iam, "--to", place.home / "x"
        ),
    ]
    assert [one.code for one in said] == [70, 70]
    reports = list((place.home / ".local" / "state" / "vgwm").iterdir())
    assert any(b"boom [secret]" in report.read_bytes() for report in reports)
    assert [one for one in said if leaks(one.text)] == []
    assert leaking_files(place) == []


def test_i9_servers_that_repeat_what_they_are_sent_are_not_repeated(place: Place) -> None:
    run, ws = place.run, ("-w", place.ws)
    said = [run("health", *ws), run("check", "all", "--json", *ws)]
    said += [run("target", "init", *ws), run("target", "init", "--json", *ws)]
    said += [run("health", "gateway", "--endpoint", place.url)]
    file = place.ws / "vgwm.yaml"
    parrot = re.search(r'endpoints: \["(.*?)"', file.read_text())
    assert parrot is not None
    table = f"ydb:grpc://{parrot.group(1)}/local"
    file.write_text(re.sub(r"sqlite:[^\"]*", table, file.read_text()))
    said += [run("health", "metadata", *ws)]
    assert said[-1].code == 4, "a table was heard"
    out = place.home / "deployed"
    said += [run("target", "deploy", "--output", out, "--storage-max", "1GB", *ws)]
    quiet(place, said)
    told = b"".join(one.text for one in said)
    assert b"500" in told
    assert all(one.code for one in said[:5]), "no server was heard"


async def test_i9_neither_assessment_nor_report_nor_screen_holds_a_secret(place: Place) -> None:
    ws, home = ("-w", str(place.ws)), place.home
    env = {"CLUSTER_PW": CLUSTER, "REDIS_PW": REDIS, "AWS_SECRET_ACCESS_KEY": S3}
    env |= {"AWS_ACCESS_KEY_ID": "AKS3"}
    report = ("--report", str(home / "report"))
    try:
        ran = await vgwm("assess", "--measure", "1s", *report, *ws, home=home, env=env)
        shown = await vgwm("assess", "--last", "--json", *ws, home=home, env=env)
        status = await vgwm("status", "--plain", *ws, home=home, env=env)
        seen = screens(place)
    finally:
        await vgwm("engine", "stop", *ws, home=home)
    assert ran.code in {1, 4}, ran.err
    assert {path.suffix for path in (home / "report").iterdir()} == {".html", ".json"}
    said = [one.out + one.err for one in (ran, shown, status)]
    assert [leak for text in said for leak in leaks(text.encode())] == []
    assert leaks(seen) == []
    assert leaking_files(place) == []


def screens(place: Place) -> bytes:
    """Return what the screens wrote: assessment, plan, configuration, accounts; also as files."""
    window = Pty("-w", str(place.ws), home=place.home)
    written = window.read_until(b"vgwm")
    looks = {
        "assess": "ga",
        "plan": "gp",
        "config": f"gc/{place.conf} {place.home / 'shown.yaml'}\r",
        "iam": f"gi/{place.iam}\r",
    }
    for name, keys in looks.items():
        os.write(window.master, keys.encode())
        marked = name in {"config", "iam"}
        while not drawn(place.ws / "reports", name, marked=marked):
            os.write(window.master, b"w")
            while select.select([window.master], [], [], 0.2)[0]:
                written += os.read(window.master, 65_536)
    os.write(window.master, b"q")
    assert window.child.wait(20) == 0
    window.close()
    return written


def drawn(folder: Path, name: str, *, marked: bool) -> bool:
    """Tell if a screen was written down, with a secret's mark on it where one must be."""
    texts = [path.read_text() for path in folder.glob(f"{name}-*.svg")]
    return any("[secret" in text or not marked for text in texts)
