"""A healthy migration on real servers, to be assessed, and broken one thing at a time."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core.config.backup import FOLDER, Part, Wanted, keep
from core.config.knobs import Knobs
from core.config.schema import Cache, Gateway, Haproxy, IpfsTarget, PosixSource, Traffic, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, write
from core.engine.assessing.means import AssessMeans
from core.engine.assessing.run import AssessRun
from core.engine.assessing.wish import AssessWish
from core.engine.reins import Reins
from core.ledger.ledger import Ledger
from core.ledger.rows import EventDraft, LedgerIdentity, SaidRow, Saying
from core.model import JobKind
from core.preflight.rows import From, rows
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.verdict import Answer, Component, Verdict
from tests.lab import debian, ports
from tests.lab.authority import Authority
from tests.lab.gateway import Gateway as RealGateway
from tests.lab.process import Server, until
from tests.lab.redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab.authority import Pair
    from tests.lab.process import Keeper
    from tests.lab.redis import RedisCluster
    from tests.lab.stack import Stack

PASSWORD = "LAB_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
BUCKET = "photos"
NOBODY = 65_534
POWERS = "-dac_override,-dac_read_search,-fowner"
"""What lets root pass over modes and owners of files."""
OBJECTS = 8
_HAPROXY = """\
global
  stats socket {socket} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend s3
  bind 127.0.0.1:{port}
  use_backend %[path,map_beg({map},blue)]
backend blue
  server blue-1 127.0.0.1:1
backend green
  server green-1 127.0.0.1:1
"""


@dataclass
class AssessGround:
    """Where it stands. before: the answers when all was well.

    expired: a gateway whose certificate has. single: a Redis that is in no cluster.
    """

    folder: Path
    stack: Stack
    redis: RedisCluster
    gateway: RealGateway
    expired: RealGateway
    single: RedisServer
    workspace: Workspace
    haproxy: Server
    before: dict[str, Answer] = field(default_factory=dict)

    @property
    def bucket(self) -> Path:
        """The source's bucket."""
        return self.folder / "gw" / BUCKET

    @property
    def target(self) -> IpfsTarget:
        """Where the objects go."""
        assert isinstance(self.workspace.target, IpfsTarget)
        return self.workspace.target

    def assess_powerless(self) -> dict[str, Answer]:
        """Run `vgwm assess` as a root to whom modes and owners of files apply as to anybody."""
        ran = subprocess.run(  # noqa: S603 - our own program
            [
                *("/usr/bin/setpriv", f"--bounding-set={POWERS}", sys.executable, "-m", "tui.main"),
                *("-w", str(self.folder / "plain-ws"), "assess", "--foreground", "--json"),
                *(word for row in self._manual() for word in ("--note", f"{row}=done")),
                *("--only", ",".join(row.id for row in rows(self.workspace))),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        found = msgspec.json.decode(ran.stdout)["result"]["checks"]
        return {
            one["id"]: Answer(
                check=one["id"],
                component=Component(one["component"]),
                verdict=Verdict(one["state"]),
                evidence=one["evidence"],
                at_ns=one["measured_ns"],
                remedy=one["remedy"],
            )
            for one in found
        }

    def _manual(self) -> list[str]:
        return [row.id for row in rows(self.workspace) if row.come is From.NOTE]

    def settle(self) -> None:
        """Wait until every peer has heard of every peer's room anew.

        A figure that was heard before outlives what was broken, and then fails in another's turn.
        """
        since_ns = time.time_ns()
        until("newer figures of room at all peers", lambda: self._told_since(since_ns), limit_s=60)

    def _told_since(self, since_ns: int) -> bool:
        everyone = set(self.stack.ids)
        for peer in self.stack.peers:
            rows = peer.api.get("/monitor/metrics/freespace").objects()
            known = {
                row.get("peer")
                for row in rows
                if row.get("valid") and int(str(row.get("received_at") or 0)) > since_ns
            }
            if not everyone <= known:
                return False
        return True

    def aimed(self, **changes: object) -> Workspace:
        """Return the workspace with another target."""
        return self.with_(target=msgspec.structs.replace(self.target, **changes))

    def with_(self, **changes: object) -> Workspace:
        """Return the workspace with something else in its vgwm.yaml."""
        return msgspec.structs.replace(self.workspace, **changes)

    def assess(
        self, workspace: Workspace | None = None, now: Callable[[], float] = time.time
    ) -> dict[str, Answer]:
        """Run an assessment as the engine's job does; return the answers that were stored."""
        return asyncio.run(self._assess(workspace or self.workspace, now))

    async def _assess(self, workspace: Workspace, now: Callable[[], float]) -> dict[str, Answer]:
        identity = LedgerIdentity(workspace=workspace.id, source_dev=1, source_ino=1, profile="lab")
        ledger = await Ledger.open(self.folder / "ws" / "ledger.db", identity)
        try:
            for item in self._manual():
                await self._note(ledger, item)
            job = await ledger.add_job(JobKind.ASSESS, {}, "lab", "")
            means = AssessMeans(
                ledger=ledger,
                workspace=workspace,
                path=self.folder / "ws",
                knobs=Knobs,
                now=now,
            )
            await AssessRun(means, AssessWish()).run(Reins(id=job, kind=JobKind.ASSESS))
            return {one.answer.check: one.answer for one in await ledger.answers()}
        finally:
            await ledger.close()

    @staticmethod
    async def _note(ledger: Ledger, item: str) -> None:
        said = SaidRow(kind=Saying.NOTE, name=item, who="lab", at_ns=1, text="done")
        await ledger.assessing.say(said, EventDraft(kind="assess", text=f"{item} noted"))


def make_assess_ground(
    folder: Path, stack: Stack, redis: RedisCluster, versitygw: str, keeper: Keeper
) -> AssessGround:
    """Lay out a workspace that passes, but for what this host and its tools are."""
    source = folder / "gw"
    for number in range(OBJECTS):
        put(source, f"k{number}", secrets.token_bytes(200_000))
    for name in ("ws", "plain-ws"):
        (folder / name).mkdir()
        back_up(folder, folder / name, secret=secrets.token_hex(20))
    authority = Authority(folder / "ca")
    for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE"):
        os.environ[name] = str(authority.file)
    gateway = _gateway("gateway", versitygw, folder, authority.issue("fresh"), keeper)
    late = authority.issue("late", ends_in_days=-1)
    expired = _gateway("gateway-expired", versitygw, folder, late, keeper)
    single = RedisServer("single", folder, maxmemory="64mb", maxmemory_policy="allkeys-lfu")
    single.start(keeper)
    os.environ[PASSWORD] = stack.password
    os.environ["AWS_ACCESS_KEY_ID"] = gateway.account.access
    os.environ["AWS_SECRET_ACCESS_KEY"] = gateway.account.secret
    target = IpfsTarget(
        kubo=tuple(stack.kubo_urls),
        cluster=tuple(stack.cluster_urls),
        cluster_user=stack.user,
        cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
        replication=2,
        table=f"sqlite:{folder / 'objects.db'}",
        cache=Cache(type="redis_cluster", endpoints=tuple(redis.endpoints)),
    )
    lb = Haproxy(
        name="lb-1",
        socket=folder / "lb.sock",
        map=folder / "side.map",
        config=folder / "haproxy.cfg",
    )
    workspace = Workspace(
        id="0a1b2c3d",
        source=PosixSource(path=source),
        target=target,
        gateways=(Gateway(name="blue-1", side="blue", address=gateway.url),),
        traffic=Traffic(haproxy=(lb,)),
    )
    write(folder / "plain-ws" / FILE_NAME, workspace)
    asyncio.run(_make_table(workspace))
    haproxy = _start_haproxy(folder, lb, keeper)
    return AssessGround(folder, stack, redis, gateway, expired, single, workspace, haproxy)


def _gateway(name: str, program: str, folder: Path, tls: Pair, keeper: Keeper) -> RealGateway:
    gateway = RealGateway(name, program, folder / name, with_sidecar=False, tls=tls)
    gateway.start(keeper)
    return gateway


def back_up(folder: Path, workspace: Path, *, secret: str) -> Path:
    """Keep the gateway's configuration and its one account, as `vgwm config backup` does."""
    config, users = folder / "versitygw.env", folder / "users.json"
    config.write_text("VGW_REGION=eu-1\n")
    account = {"access": "AKOWNER", "secret": secret, "role": "user", "userID": 1, "groupID": 1}
    users.write_text(json.dumps({"accessAccounts": {"AKOWNER": account}}))
    users.chmod(0o600)
    kept, _ = keep(
        [Wanted(part=Part.CONFIG, path=config), Wanted(part=Part.IAM, path=users)],
        workspace / FOLDER,
    )
    return kept


def put(source: Path, key: str, body: bytes, *, bucket: str = BUCKET) -> Path:
    """Write an object as the gateway would; return its file."""
    home = source / bucket
    if not home.exists():
        home.mkdir(parents=True)
        os.setxattr(home, "user.acl", b'{"Owner":"AKOWNER","Grantees":[]}')
    path = home / key
    path.write_bytes(body)
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    os.setxattr(path, "user.etag", f'"{etag}"'.encode())
    os.setxattr(path, "user.content-type", b"text/plain")
    return path


async def _make_table(workspace: Workspace) -> None:
    table = await open_target_table(workspace, profiles.load(workspace.target.profile))
    try:
        await table.ensure()
        await table.build_index()
    finally:
        await table.close()


def _start_haproxy(folder: Path, lb: Haproxy, keeper: Keeper) -> Server:
    lb.map.write_text("/ blue\n")
    settings = _HAPROXY.format(socket=lb.socket, map=lb.map, port=ports.free(1)[0])
    lb.config.write_text(settings)
    server = Server(
        "haproxy",
        [debian.find("haproxy"), "-db", "-f", str(lb.config)],
        folder=folder / "haproxy",
        environment={},
    )
    keeper.start(server)
    server.wait_for("its admin socket", lambda: answers(lb.socket))
    return server


def answers(path: Path) -> bool:
    """Tell whether somebody takes connections on a unix socket."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as end:
        end.connect(str(path))
        return True
    return False
