"""How many bytes a second reach each Kubo node: sent for real, and kept by nobody.

A node hashes what `add?only-hash=true` brings and stores none of it. One node after another, since
together they would share this host's link.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp

from core.display import size
from core.errors import NodeUnreachable
from core.probe.endpoints import endpoints
from core.probe.probe import Depth, Finding, Probe
from core.target.kubo_answers import HTTP_OK, Answer, excerpt, kubo_error, unreachable
from core.target.kubo_wire import EPILOGUE, PROLOGUE
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import Workspace
    from core.probe.endpoints import Endpoint

_ROUTE: Final = "/api/v0/add?only-hash=true&pin=false&progress=false&chunker=size-1048576"
_BOUNDARY: Final = PROLOGUE.partition(b"\r\n")[0].removeprefix(b"--").decode()
_PIECE: Final = bytes(1 << 20)
_ENOUGH: Final = 118e6  # bytes a second of a link of 1 Gbps, less its framing


def probes(workspace: Workspace, seconds: float) -> list[Probe]:
    """Return a question for each Kubo node: what goes there in so many seconds."""
    nodes = [one for one in endpoints(workspace) if one.kind == "kubo"]
    turn = asyncio.Lock()
    return [
        Probe(
            check="bandwidth",
            component=Component.NETWORK,
            depth=Depth.CHECK,
            ask=partial(measure, node, seconds, turn),
            endpoint=node.shown,
            limit_s=(seconds + 10) * len(nodes),
        )
        for node in nodes
    ]


async def measure(node: Endpoint, seconds: float, turn: asyncio.Lock) -> Finding:
    """Send zeros for so long; judge against 1 Gbps. Raises NodeUnreachable, Denied, BadInput."""
    async with turn:
        sent = _Sent()
        began_s = time.monotonic()
        await _send(node, sent, began_s + seconds)
        took_s = time.monotonic() - began_s
    return judge(sent.size_bytes / took_s, sent.size_bytes, took_s)


def judge(rate: float, size_bytes: int, took_s: float) -> Finding:
    """Judge bytes a second: less than the guide's 1 Gbps is a warning."""
    text = f"{size(rate)}/s: {size(size_bytes)} in {took_s:.1f} s, hashed there, kept nowhere"
    if rate >= _ENOUGH:
        return Finding(Verdict.PASS, text)
    remedy = "Below 1 Gbps the link or that node's CPU bounds the copy: see the estimate."
    return Finding(Verdict.WARN, text, remedy)


class _Sent:
    """How much of the body the connection has taken."""

    def __init__(self) -> None:
        self.size_bytes = 0


async def _send(node: Endpoint, sent: _Sent, until_s: float) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield PROLOGUE
        while time.monotonic() < until_s:
            yield _PIECE
            sent.size_bytes += len(_PIECE)
        yield EPILOGUE

    where = f"POST /api/v0/add of {node.shown}"
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    limit = aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(node.url.rstrip("/") + _ROUTE, data=body(), headers=headers) as answer,
        ):
            told = Answer(answer.status, "", await answer.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise unreachable(error, where=where, node=node.name) from error
    if told.status != HTTP_OK:
        raise kubo_error(told, where=where, node=node.name)
    if b'"Hash"' not in told.body:
        raise NodeUnreachable(
            what=f"{node.name} did not hash what was sent: {excerpt(told.body)}",
            where=where,
            remedy="Check that no proxy stands between.",
            node=node.name,
        )
