"""What is broken, one thing at a time, and which rows of the assessment must say so.

Each breaks a healthy ground, hands over the workspace to be assessed, and mends what it broke.
`also` names rows that depend on what was broken: they cannot say that all is well (I7).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.config.backup import FOLDER, MANIFEST
from core.config.schema import Cache, Gateway, PosixSource
from core.verdict import Verdict
from tests.lab import ports
from tests.lab.process import until
from tests.real.assess_ground import NOBODY, PASSWORD, answers, back_up, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from core.config.schema import Workspace
    from tests.lab.kubo import KuboNode
    from tests.real.assess_ground import AssessGround

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
_DAY_S = 86_400
_TOO_LITTLE = 400_000


class Broken(NamedTuple):
    """What is assessed while something is broken.

    ahead_s: of this host's clock. powerless: by a root to whom file modes apply as to anybody.
    """

    workspace: Workspace
    ahead_s: float = 0.0
    powerless: bool = False


if TYPE_CHECKING:
    Break = Callable[[AssessGround], AbstractContextManager[Broken]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """row: that must come to state, saying `says`. also: rows that depend on it, and theirs."""

    name: str
    row: str
    state: Verdict
    says: str
    make: Break
    also: Mapping[str, Verdict] = field(default_factory=dict)

    @contextmanager
    def broken(self, ground: AssessGround) -> Iterator[Broken]:
        """Break it for the block, and mend it however the block ends."""
        made = self.make(ground)
        state = made.__enter__()
        try:
            yield state
        finally:
            made.__exit__(None, None, None)


# The source


@contextmanager
def _unreadable(ground: AssessGround) -> Iterator[Broken]:
    path = ground.bucket / "k0"
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o600)
    yield Broken(ground.workspace, powerless=True)
    os.chown(path, 0, 0)


@contextmanager
def _not_ours(ground: AssessGround) -> Iterator[Broken]:
    os.chown(ground.bucket, NOBODY, NOBODY)
    yield Broken(ground.workspace, powerless=True)
    os.chown(ground.bucket, 0, 0)


@contextmanager
def _no_root(ground: AssessGround) -> Iterator[Broken]:
    plain = ground.folder / "plain"
    plain.mkdir()
    yield Broken(ground.with_(source=PosixSource(path=plain)))
    plain.rmdir()


@contextmanager
def _stray(ground: AssessGround) -> Iterator[Broken]:
    path = ground.folder / "gw" / "notes.txt"
    path.write_text("left here")
    yield Broken(ground.workspace)
    path.unlink()


@contextmanager
def _odd_key(ground: AssessGround) -> Iterator[Broken]:
    path = put(ground.folder / "gw", os.fsdecode(b"k\xff\xfe"), b"odd")
    yield Broken(ground.workspace)
    path.unlink()


# The host


@contextmanager
def _few_files(ground: AssessGround) -> Iterator[Broken]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield Broken(ground.workspace)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _old_backup(ground: AssessGround) -> Iterator[Broken]:
    (path,) = (ground.folder / "ws" / FOLDER).glob(f"*/{MANIFEST}")
    told = path.read_text()
    old = {**json.loads(told), "at_ns": time.time_ns() - 8 * _DAY_S * 10**9}
    path.write_text(json.dumps(old))
    yield Broken(ground.workspace)
    path.write_text(told)


@contextmanager
def _weak_account(ground: AssessGround) -> Iterator[Broken]:
    kept = back_up(ground.folder, ground.folder / "ws", secret="12345")  # noqa: S106 - that is it
    yield Broken(ground.workspace)
    shutil.rmtree(kept)


def _ahead(by_s: float) -> Break:
    @contextmanager
    def make(ground: AssessGround) -> Iterator[Broken]:
        yield Broken(ground.workspace, ahead_s=by_s)

    return make


# The nodes


@contextmanager
def _wrong_password(ground: AssessGround) -> Iterator[Broken]:
    os.environ[PASSWORD] = "not-the-password"
    yield Broken(ground.workspace)
    os.environ[PASSWORD] = ground.stack.password


@contextmanager
def _too_many_copies(ground: AssessGround) -> Iterator[Broken]:
    yield Broken(ground.aimed(replication=len(ground.stack.peers) + 1))


@contextmanager
def _two_peers_down(ground: AssessGround) -> Iterator[Broken]:
    for peer in ground.stack.peers[1:]:
        peer.server.kill()
    yield Broken(ground.workspace)
    ground.stack.heal()
    ground.settle()


@contextmanager
def _kubo_down(ground: AssessGround) -> Iterator[Broken]:
    ground.stack.kubos[2].server.kill()
    yield Broken(ground.workspace)
    ground.stack.heal()


@contextmanager
def _small_store(ground: AssessGround) -> Iterator[Broken]:
    kubo = ground.stack.kubos[0]
    used = int(str(kubo.api.post("/api/v0/repo/stat").member("RepoSize")))
    # too little for the objects, and enough that its peer still calls it no full node
    _set(kubo, "Datastore.StorageMax", f"{used + _TOO_LITTLE}B")
    yield Broken(ground.workspace)
    _set(kubo, "Datastore.StorageMax", ground.stack.shape.storage_max)


@contextmanager
def _lonely(ground: AssessGround) -> Iterator[Broken]:
    kubo = ground.stack.kubos[2]
    kubo.api.post("/api/v0/config?arg=Peering.Peers&arg=[]&json=true")
    yield Broken(ground.workspace)
    kubo.link([one for one in ground.stack.kubos if one is not kubo])


@contextmanager
def _collects(ground: AssessGround) -> Iterator[Broken]:
    kubo = ground.stack.kubos[1]
    kubo.server.argv.append("--enable-gc")
    kubo.server.kill()  # so fast that its peer seldom misses it
    kubo.restart()
    ground.stack.wait_linked()
    ground.settle()
    yield Broken(ground.workspace)
    kubo.server.argv.remove("--enable-gc")
    kubo.server.kill()  # so fast that its peer seldom misses it
    kubo.restart()
    ground.stack.wait_linked()
    ground.settle()


def _set(kubo: KuboNode, name: str, value: str) -> None:
    """Change a setting of a living node, and of its file."""
    answer = kubo.api.post(f"/api/v0/config?arg={name}&arg={value}")
    assert answer.status == 200, answer


# The object table


@contextmanager
def _other_schema(ground: AssessGround) -> Iterator[Broken]:
    path = ground.folder / "other.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE versitygw_objects(name TEXT PRIMARY KEY, blob TEXT)")
    yield Broken(ground.aimed(table=f"sqlite:{path}"))
    path.unlink()


@contextmanager
def _no_ydb(ground: AssessGround) -> Iterator[Broken]:
    (port,) = ports.free(1)
    yield Broken(ground.aimed(table=f"ydb:grpc://127.0.0.1:{port}/local"))


# The cache


@contextmanager
def _slot_lost(ground: AssessGround) -> Iterator[Broken]:
    first = ground.redis.servers[0]
    first.ask("cluster", "delslots", "0")
    until(
        "a broken cache", lambda: "cluster_state:fail" in first.ask("cluster", "info"), limit_s=60
    )
    yield Broken(ground.workspace)
    first.ask("cluster", "addslots", "0")
    ground.redis.wait_whole()


@contextmanager
def _no_eviction(ground: AssessGround) -> Iterator[Broken]:
    first = ground.redis.servers[0]
    first.ask("config", "set", "maxmemory-policy", "noeviction")
    yield Broken(ground.workspace)
    first.ask("config", "set", "maxmemory-policy", "allkeys-lfu")


@contextmanager
def _locked_cache(ground: AssessGround) -> Iterator[Broken]:
    first = ground.redis.servers[0]
    first.ask("config", "set", "requirepass", "a-password")
    yield Broken(ground.workspace)
    first.ask("-a", "a-password", "config", "set", "requirepass", "")


@contextmanager
def _single_cache(ground: AssessGround) -> Iterator[Broken]:
    cache = Cache(type="redis", endpoints=(ground.single.endpoint,))
    yield Broken(ground.aimed(cache=cache))


# The gateway and the load balancer


@contextmanager
def _expired(ground: AssessGround) -> Iterator[Broken]:
    gateway = Gateway(name="blue-1", side="blue", address=ground.expired.url)
    os.environ["AWS_SECRET_ACCESS_KEY"] = ground.expired.account.secret
    yield Broken(ground.with_(gateways=(gateway,)))
    os.environ["AWS_SECRET_ACCESS_KEY"] = ground.gateway.account.secret


@contextmanager
def _wrong_key(ground: AssessGround) -> Iterator[Broken]:
    os.environ["AWS_SECRET_ACCESS_KEY"] = "wrong"  # noqa: S105 - it is
    yield Broken(ground.workspace)
    os.environ["AWS_SECRET_ACCESS_KEY"] = ground.gateway.account.secret


@contextmanager
def _no_balancer(ground: AssessGround) -> Iterator[Broken]:
    ground.haproxy.kill()
    yield Broken(ground.workspace)
    ground.haproxy.start()
    (lb,) = ground.workspace.traffic.haproxy
    ground.haproxy.wait_for("its admin socket", lambda: answers(lb.socket))


def _of(name: str, row: str, state: Verdict, says: str, make: Break, **also: Verdict) -> Breakage:
    return Breakage(name=name, row=row, state=state, says=says, make=make, also=also)


_SHUT = dict.fromkeys(("source", "inventory", "read", "versions", "keys"), UNKNOWN)
BREAKAGES = (
    _of(
        "a file that this user may not read", "read", FAIL, "photos/k0", _unreadable, inventory=WARN
    ),
    _of("another user's files: reads move atime", "atime", FAIL, "photos", _not_ours, **_SHUT),
    _of("the source is no gateway root", "source", FAIL, "no bucket", _no_root),
    _of("a stray file in the root", "source", WARN, "notes.txt", _stray),
    _of("a key that is not UTF-8", "keys", WARN, "photos/k%FF%FE", _odd_key),
    _of("nofile 512", "host", FAIL, "nofile 512", _few_files),
    _of("the newest backup is 8 days old", "backups", WARN, "8 d old", _old_backup),
    _of("an account has a weak secret", "security", WARN, "AKOWNER", _weak_account),
    _of("the clock is 10 minutes ahead", "clock", FAIL, "-600.", _ahead(600)),
    _of("a wrong password of the cluster", "cluster", FAIL, "401", _wrong_password),
    _of("more copies than peers", "cluster", FAIL, "4 copies wanted", _too_many_copies),
    _of(
        *("two of three cluster peers are dead", "cluster", FAIL, "1 of 3 peers", _two_peers_down),
        clock=UNKNOWN,
        network=WARN,
    ),
    _of("StorageMax is too small", "capacity", FAIL, "kubo-1", _small_store),
    _of("a Kubo does not keep its links", "kubo", WARN, "0 in Peering.Peers", _lonely),
    _of("a Kubo collects garbage", "kubo", FAIL, "--enable-gc", _collects),
    _of("the table has another schema", "ydb", FAIL, "no such column", _other_schema),
    _of("YDB does not listen", "ydb", FAIL, "refused", _no_ydb, clock=UNKNOWN, network=WARN),
    _of("Redis: cluster_state fail", "redis", FAIL, "cluster_state fail", _slot_lost),
    _of("Redis: noeviction", "redis", WARN, "noeviction", _no_eviction),
    _of("Redis wants a password", "redis", FAIL, "Authentication required", _locked_cache),
    _of("Redis is a single server", "redis", WARN, "a single server", _single_cache),
    _of("a gateway's certificate expired", "gateway", FAIL, "expired", _expired, network=WARN),
    _of("a wrong secret key of S3", "gateway", FAIL, "SignatureDoesNotMatch", _wrong_key),
    _of("HAProxy is dead", "lb", UNKNOWN, "does not answer", _no_balancer),
)
DEAD_KUBO = _of(
    *("a Kubo is dead", "kubo", UNKNOWN, "kubo-3 is not reachable", _kubo_down),
    cluster=WARN,
    capacity=UNKNOWN,
    clock=UNKNOWN,
    network=WARN,
)
"""Comes last: its peer takes a quarter of a minute to know its room again."""
