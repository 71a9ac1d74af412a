"""The cluster's own ways: `ipfs-cluster-ctl add -r`, and one `/add` per object."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.dag import cid as cids
from tests.bench.arena import BATCH_AGE_S, RF, check_sample
from tests.bench.ground import SAMPLES, take_of
from tests.bench.importing import BOUNDARY, HEAD, TAIL
from tests.bench.machine import Meter
from tests.bench.pin_wait import BUSY, LIMIT_S, all_pinned
from tests.bench.series import NotDone
from tests.bench.tree import BUCKET

if TYPE_CHECKING:
    from tests.bench.arena import Arena
    from tests.bench.figures import Take
    from tests.bench.tree import Tree
    from tests.lab.cluster import ClusterPeer

CTL, ADD = "ctl add -r", "/add per object"
CONNECTIONS = 8
POLL_S = 0.05
QUERY = (
    f"/add?cid-version=1&raw-leaves=true&chunker=size-1048576&stream-channels=false"
    f"&replication-min={RF}&replication-max={RF}"
)


class CtlRow:
    """One directory, one root; its time ends when RF peers say that the root is pinned."""

    name = CTL

    def __init__(self, arena: Arena, tree: Tree) -> None:
        self._arena = arena
        self._tree = tree
        self._lines: list[tuple[str, str]] = []

    def prepare(self) -> None:
        self._tree.stamp()

    def run(self) -> Take:
        meter = Meter(self._arena.groups())
        began_s = time.monotonic()
        self._lines = self._add()
        root = self._root()
        deadline = began_s + LIMIT_S
        while sum(peer.status(root) == "pinned" for peer in self._arena.stack.peers) < RF:
            if time.monotonic() > deadline:
                raise NotDone(f"{root} is not pinned after {LIMIT_S:.0f} s")
            time.sleep(POLL_S)
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def _add(self) -> list[tuple[str, str]]:
        """Run the program; return (path below the bucket, CID) of all that it added."""
        stack = self._arena.stack
        port = urlsplit(stack.peers[0].url).port
        done = subprocess.run(  # noqa: S603 - a program of the laboratory
            [
                self._arena.tools.path("ipfs-cluster-ctl"),
                *("--host", f"/ip4/127.0.0.1/tcp/{port}", "--force-http"),
                *("--basic-auth", f"{stack.user}:{stack.password}"),
                *("add", "-r", "--rmin", str(RF), "--rmax", str(RF)),
                *("--cid-version", "1", "--raw-leaves", "--chunker", "size-1048576"),
                str(self._tree.root / BUCKET),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if done.returncode != 0:
            raise NotDone(f"ipfs-cluster-ctl: {done.stderr.strip()[-200:]}")
        # "added CID NAME"
        words = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
        return [(name, cid) for _, cid, name in words]

    def _root(self) -> str:
        name, cid = self._lines[-1]
        if name != BUCKET:
            raise NotDone(f"ipfs-cluster-ctl named {name!r} last, not the directory")
        return cid

    def check(self) -> None:
        seen = {name.removeprefix(f"{BUCKET}/"): cid for name, cid in self._lines}
        wanted = {key: cids.text(cid) for key, cid in self._tree.sample(SAMPLES)}
        check_sample(self._arena, wanted, seen)
        self._arena.check_pinned([self._root()])

    def end(self) -> None:
        pass


class Adder(threading.Thread):
    """One connection that adds its share of the objects, one request each."""

    def __init__(self, peer: ClusterPeer, tree: Tree, numbers: range) -> None:
        super().__init__(name=f"adder {numbers.start}", daemon=True)
        self._tree = tree
        self._numbers = numbers
        token = f"{peer.settings.user}:{peer.settings.password}".encode()
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(token).decode()}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        parts = urlsplit(peer.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self.cids: dict[str, str] = {}
        self.problem = ""

    def run(self) -> None:
        try:
            for number in self._numbers:
                self.cids[self._tree.key(number)] = self._add(number)
        except (OSError, http.client.HTTPException, NotDone) as error:
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self._connection.close()

    def _add(self, number: int) -> str:
        body = b"".join((HEAD, self._tree.path(number).read_bytes(), TAIL))
        self._connection.request("POST", QUERY, body, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise NotDone(f"/add answered {answer.status}: {told[:200]!r}")
        return str(json.loads(told)[-1]["cid"])


class AddRow:
    """A pin for each object; its time ends when RF peers have each of them pinned."""

    name = ADD

    def __init__(self, arena: Arena, tree: Tree) -> None:
        self._arena = arena
        self._tree = tree
        self._cids: dict[str, str] = {}

    def prepare(self) -> None:
        self._tree.stamp()

    def run(self) -> Take:
        peers = self._arena.stack.peers
        adders = [
            Adder(peers[n % len(peers)], self._tree, range(n, self._tree.objects, CONNECTIONS))
            for n in range(CONNECTIONS)
        ]
        meter = Meter(self._arena.groups())
        began_s = time.monotonic()
        for adder in adders:
            adder.start()
        for adder in adders:
            adder.join()
        problem = next((adder.problem for adder in adders if adder.problem), "")
        if problem:
            raise NotDone(problem)
        self._cids = {key: cid for adder in adders for key, cid in adder.cids.items()}
        self._wait(time.monotonic())
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def _wait(self, added_s: float) -> None:
        """Return when all are pinned; nobody is asked before the last batch is old enough."""
        peers = self._arena.stack.peers
        wanted = set(self._cids.values())
        while True:
            time.sleep(max(POLL_S, added_s + BATCH_AGE_S - time.monotonic()))
            if any(peer.api.get(BUSY).objects() for peer in peers):
                continue
            held = [all_pinned(peer) & wanted for peer in peers]
            if sum(map(len, held)) >= RF * len(wanted):
                return
            if time.monotonic() > added_s + LIMIT_S:
                raise NotDone(f"{len(wanted):,} pins are not whole after {LIMIT_S:.0f} s")

    def check(self) -> None:
        wanted = {key: cids.text(cid) for key, cid in self._tree.sample(SAMPLES)}
        check_sample(self._arena, wanted, self._cids)
        self._arena.check_pinned(wanted.values())

    def end(self) -> None:
        self._cids = {}
