"""The limit: ready CARs of the same bundles into the same nodes, with and without their pins."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.config.schema import DirTarget
from tests.bench.arena import BATCH_AGE_S, RF
from tests.bench.ground import check_table, expect, take_of
from tests.bench.machine import Meter
from tests.bench.pin_wait import PinWait
from tests.bench.series import NotDone
from tests.bench.vgwm_engine import VgwmEngine, make_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.arena import Arena
    from tests.bench.figures import Take
    from tests.bench.tree import Tree
    from tests.lab.kubo import KuboNode

IN_FLIGHT = 2
"""Requests to each node: more gain nothing, one is slower."""

BOUNDARY = "bench"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
QUERY = "/api/v0/dag/import?pin-roots=false&stats=true&fast-provide-root=false"

Done = queue.SimpleQueue[tuple[str, str, int]]
"""(root, cluster peer id, blocks counted); blocks -1 and the reason for a failure."""


class Feed(threading.Thread):
    """One connection to one node: takes CARs from the node's queue until it is empty."""

    def __init__(
        self, kubo: KuboNode, peer_id: str, todo: queue.SimpleQueue[Path], done: Done
    ) -> None:
        super().__init__(name=f"feed {kubo.name}", daemon=True)
        self._peer_id = peer_id
        self._todo = todo
        self._done = done
        parts = urlsplit(kubo.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)

    def run(self) -> None:
        while True:
            try:
                path = self._todo.get_nowait()
            except queue.Empty:
                self._connection.close()
                return
            try:
                self._done.put((path.stem, self._peer_id, self._import(path)))
            except (OSError, http.client.HTTPException, NotDone) as error:
                self._done.put((f"{type(error).__name__}: {error}", self._peer_id, -1))

    def _import(self, path: Path) -> int:
        connection = self._connection
        size = path.stat().st_size
        connection.putrequest("POST", QUERY, skip_accept_encoding=True)
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        connection.putheader("Content-Length", str(len(HEAD) + size + len(TAIL)))
        connection.endheaders(HEAD)
        with path.open("rb") as car:
            connection.sock.sendfile(car)
        connection.send(TAIL)
        answer = connection.getresponse()
        body = answer.read()
        stats = [json.loads(line).get("Stats") for line in body.splitlines() if b"Stats" in line]
        if answer.status != 200 or not stats:
            raise NotDone(f"import answered {answer.status}: {body[:200]!r}")
        return int(stats[0]["BlockCount"])


class LimitRow:
    """CARs that lie ready, two requests in flight to each node; pins: one a CAR, waited for."""

    def __init__(self, arena: Arena, tree: Tree, *, pins: bool, workers: int) -> None:
        self.name = "limit+pin" if pins else "limit"
        self._arena = arena
        self._tree = tree
        self._pins = pins
        self._workers = workers
        self._here = arena.ready.fresh("ready")
        self._cars: list[Path] = []
        self._roots: dict[str, str] = {}
        self._engine: VgwmEngine | None = None

    def prepare(self) -> None:
        """Stamp the content anew, and have vgwm bundle it into a directory."""
        self._tree.stamp()
        self._here = self._arena.ready.fresh("ready")
        target = DirTarget(path=self._here / "out")
        make_workspace(self._here / "ws", self._tree.root, target, workers=self._workers)
        self._engine = VgwmEngine(self._here / "ws", self._arena.keeper)
        self._engine.start()
        try:
            self._engine.migrate()
        finally:
            self._engine.stop()
        self._roots = check_table(self._tree, target.path / "objects.db")
        self._cars = sorted((target.path / "bundles").iterdir())

    def run(self) -> Take:
        stack = self._arena.stack
        waits = PinWait(stack, batch_age_s=BATCH_AGE_S)
        done: Done = queue.SimpleQueue()
        feeds = self._feeds(done)
        meter = Meter(self._arena.groups())
        began_s = time.monotonic()
        for feed in feeds:
            feed.start()
        self._gather(done, waits)
        waits.finish()
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        for feed in feeds:
            feed.join()
        return take_of(self._tree, seconds, cpu_s, foreign)

    def _feeds(self, done: Done) -> list[Feed]:
        """Return the connections, each node's queue filled with its share of the CARs."""
        stack = self._arena.stack
        queues: list[queue.SimpleQueue[Path]] = [queue.SimpleQueue() for _ in stack.kubos]
        for index, car in enumerate(self._cars):
            for copy in range(RF):
                queues[(index + copy) % len(queues)].put(car)
        return [
            Feed(peer.kubo, peer.id, todo, done)
            for peer, todo in zip(stack.peers, queues, strict=True)
            for _ in range(IN_FLIGHT)
        ]

    def _gather(self, done: Done, waits: PinWait) -> None:
        """Take the imports' ends; pin each CAR that is on all of its nodes."""
        held: dict[str, list[tuple[str, int]]] = {}
        for _ in range(RF * len(self._cars)):
            root, peer_id, blocks = _next(done, waits)
            if blocks < 0:
                raise NotDone(root)
            copies = held.setdefault(root, [])
            copies.append((peer_id, blocks))
            if len(copies) == RF:
                expect(f"blocks of {root}", copies[0][1], copies[1][1])
                if self._pins:
                    waits.post(root, [peer for peer, _ in copies])
            waits.look()

    def check(self) -> None:
        self._arena.check_held(self._roots)
        if self._pins:
            self._arena.check_pinned(self._roots.values())

    def end(self) -> None:
        self._arena.ready.drop(self._here)


def _next(done: Done, waits: PinWait) -> tuple[str, str, int]:
    """Return the next import's end; pins are looked at meanwhile."""
    while True:
        try:
            return done.get(timeout=0.05)
        except queue.Empty:
            waits.look()
