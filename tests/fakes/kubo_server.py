"""A stand-in for one Kubo node: blocks by multihash, imports that are counted, and faults on order.

What it does was seen on Kubo 0.42; `tests/fakes/ipfs_contract.py` runs on both.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from typing import TYPE_CHECKING

from core.dag import car
from core.dag import cid as cids
from core.dag.reading import parse_node
from tests.fakes.http_server import Hangup, HttpServer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_MAX = 2 << 20
_NO_BLOCK = "block was not found locally (offline): ipld: could not find {}"


class KuboFault(Exception):
    """Kubo's one error status, 500, with its text."""


class FakeKubo:
    """One node. orders: what the next imports meet, first come first served; then all is well."""

    def __init__(self, number: int = 1) -> None:
        self.id = f"12D3KooWkubo{number}"
        self.blocks: dict[bytes, bytes] = {}
        self.pins: set[str] = set()
        self.storage_max = 50_000_000_000
        self.peers: list[str] | None = None
        self.orders: deque[Callable[[Request], Reply]] = deque()
        self.early: deque[Reply] = deque()
        self.imports: list[Request] = []
        self.pin_questions = 0
        self.hashes_on_read = False
        self.asked: Callable[[], object] = lambda: None  # hears of each question for the version
        self.server = HttpServer(self._answer, self._early)

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()

    def holds(self, root: str) -> list[bytes] | None:
        """Return the blocks below a root, None when one is missing."""
        found: dict[bytes, bytes] = {}
        todo = [cids.parse(root)]
        while todo:
            cid = todo.pop()
            block = self.blocks.get(cids.digest(cid))
            if block is None:
                return None
            found[cids.digest(cid)] = block
            if cids.codec(cid) == cids.DAG_PB_CODEC:
                todo += [link.cid for link in parse_node(block).links]
        return list(found.values())

    def _early(self, request: Request) -> Reply | None:
        if request.path.endswith("/dag/import") and self.early:
            return self.early.popleft()
        return None

    def _answer(self, request: Request) -> Reply:
        if request.method != "POST" and request.path.startswith("/api/v0/"):
            return Reply(405, b"405 - Method Not Allowed\n")
        command = request.path.removeprefix("/api/v0/")
        handler = {
            "dag/import": self._import,
            "dag/stat": self._stat,
            "block/get": self._block,
            "dag/export": self._export,
            "cat": self._cat,
            "pin/ls": self._pin_ls,
            "id": lambda _r: _json({"ID": self.id, "AgentVersion": "kubo/0.42.0/"}),
            "version": self._version,
            "repo/stat": self._repo,
            "swarm/peers": self._links,
        }.get(command)
        if handler is None:
            return Reply(404, b"404 page not found\n")
        try:
            return handler(request)
        except KuboFault as fault:
            return _json({"Message": str(fault), "Code": 0, "Type": "error"}, 500)

    def _version(self, _request: Request) -> Reply:
        self.asked()
        return _json({"Version": "0.42.0", "Repo": "18"})

    def _import(self, request: Request) -> Reply:
        self.imports.append(request)
        if self.orders:
            return self.orders.popleft()(request)
        return self.take(request)

    def take(self, request: Request) -> Reply:
        """Import as a healthy node does."""
        form = re.match(rb"--(\S+)\r\n.*?\r\n\r\n", request.body, re.DOTALL)
        if form is None:
            return Reply(400, b"no multipart\n")
        car = request.body[form.end() : request.body.rindex(b"\r\n--" + form[1])]
        if not car:
            return Reply()
        sections = block_bytes = 0
        for cid, block in _sections(car):
            if len(block) > BLOCK_MAX:
                raise KuboFault(f"produced block is over 2MiB: {len(block)}")
            if hashlib.sha256(block).digest() != cids.digest(cid):
                raise KuboFault(
                    f"mismatch in content integrity, expected: {cids.text(cid)}, got: b"
                )
            self.blocks[cids.digest(cid)] = block
            sections += 1
            block_bytes += len(block)
        return _json({"Stats": {"BlockCount": sections, "BlockBytesCount": block_bytes}})

    def _stat(self, request: Request) -> Reply:
        blocks = self.holds(request.query["arg"])
        if blocks is None:
            raise KuboFault(_NO_BLOCK.format(request.query["arg"]))
        size = sum(map(len, blocks))
        return _json({"UniqueBlocks": len(blocks), "TotalSize": size, "Ratio": 1})

    def _block(self, request: Request) -> Reply:
        return Reply(200, self._held(request.query["arg"]))

    def _export(self, request: Request) -> Reply:
        """Give the CAR below a root, parents first; an error comes behind the body, unsaid here."""
        self._held(request.query["arg"])
        root = cids.parse(request.query["arg"])
        sections, todo, seen = [car.header([root])], [root], set[bytes]()
        while todo:
            cid = todo.pop()
            if cid in seen:
                continue
            block = self.blocks.get(cids.digest(cid))
            if block is None or (
                self.hashes_on_read and hashlib.sha256(block).digest() != cids.digest(cid)
            ):
                break
            seen.add(cid)
            sections.append(car.section(cid, block))
            if cids.codec(cid) == cids.DAG_PB_CODEC:
                todo += [link.cid for link in reversed(parse_node(block).links)]
        return Reply(200, b"".join(sections))

    def _cat(self, request: Request) -> Reply:
        text, _, name = request.query["arg"].partition("/")
        cid = cids.parse(text)
        if name:
            links = parse_node(self._held(text)).links
            found = [link.cid for link in links if link.name == name.encode()]
            if not found:
                raise KuboFault(f'no link named "{name}" under {text}')
            cid = found[0]
        content = b"".join(self._content(cids.text(cid)))
        offset = int(request.query.get("offset", "0"))
        length = int(request.query.get("length", str(len(content))))
        return Reply(200, content[offset : offset + length])

    def _content(self, text: str) -> Iterator[bytes]:
        block = self._held(text)
        if cids.codec(cids.parse(text)) == cids.RAW_CODEC:
            yield block
            return
        for link in parse_node(block).links:
            yield from self._content(cids.text(link.cid))

    def _held(self, text: str) -> bytes:
        block = self.blocks.get(cids.digest(cids.parse(text)))
        if block is None:
            raise KuboFault(_NO_BLOCK.format(text))
        if self.hashes_on_read and hashlib.sha256(block).digest() != cids.digest(cids.parse(text)):
            raise KuboFault("block in storage has different hash than requested")
        return block

    def _pin_ls(self, request: Request) -> Reply:
        root = request.query["arg"]
        self.pin_questions += 1
        if root not in self.pins:
            raise KuboFault(f"path '{root}' is not pinned")
        return _json({"Keys": {root: {"Type": "recursive", "Name": ""}}})

    def _repo(self, request: Request) -> Reply:
        assert request.query["size-only"] == "true"
        size = sum(map(len, self.blocks.values()))
        return _json({"RepoSize": size, "StorageMax": self.storage_max, "NumObjects": 0})

    def _links(self, _request: Request) -> Reply:
        peers = [{"Addr": "/ip4/127.0.0.1/tcp/1", "Peer": p} for p in self.peers or ()]
        return _json({"Peers": peers or None})


def fails(status: int, text: str, **headers: str) -> Callable[[Request], Reply]:
    """Return an order: answer so, once."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: Reply(status, text.encode(), named)


def hangs_up(_request: Request) -> Reply:
    """Break off without a word: an order."""
    raise Hangup


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode() + b"\n")


def _sections(car: bytes) -> Iterator[tuple[bytes, bytes]]:
    length, at = _varint(car, 0)
    at += length
    last = "no block"
    while at < len(car):
        length, at = _varint(car, at)
        if at + length > len(car):
            raise KuboFault(f'import failed after block "{last}": unexpected EOF')
        cid, size = cids.split(car[at : at + length])
        yield cid, car[at + size : at + length]
        last = cids.text(cid)
        at += length


def _varint(buf: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(buf):
        value |= (buf[at] & 127) << shift
        at += 1
        if buf[at - 1] < 128:
            return value, at
        shift += 7
    raise KuboFault("unexpected EOF")
