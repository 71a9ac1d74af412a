"""A bundle's blocks from one Kubo node to another: exported there, imported here, as they come.

Blocking; runs in a thread. An export answers 200 before it has read a block, and says in a trailer
only that it broke off: so nothing is believed but a look at the blocks afterwards
(`KuboClient.dag_stat`). Source: ipfs.md 5.
"""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.dag import cid as cids
from core.model import MIB
from core.target.kubo_answers import HTTP_OK, Answer, import_counts, kubo_error, unreachable
from core.target.kubo_wire import EPILOGUE, PROLOGUE, ImportWire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.model import Cid
    from core.target.kubo_answers import Counts
    from core.target.sink import KuboEndpoint, Piece, Throttle

IDLE_S: Final = 60.0
"""A node that gives or takes no byte for so long has broken off."""

_FAULTS: Final = (OSError, http.client.HTTPException)


def refill(root: Cid, giver: KuboEndpoint, taker: KuboEndpoint, throttle: Throttle) -> Counts:
    """Send what the giver holds below a root to the taker; return what the taker counted.

    Raises NodeUnreachable, NodeBusy, Denied, CapacityExhausted or NodeRefusedBlock, each with its
    node. Fewer blocks than the bundle has mean that the giver lacks some, too.
    """
    where = f"refill of {cids.text(root)} from {giver.name} to {taker.name}"
    wire = ImportWire(taker, idle_s=IDLE_S)
    with closing(wire):
        try:
            wire.open()
            wire.head(None)
            wire.send(_chunk(PROLOGUE))
            for piece in _exported(root, giver, where):
                for part in throttle.pieces(piece, 1):
                    wire.send(_chunk(part))
            wire.send(_chunk(EPILOGUE) + b"0\r\n\r\n")
            answer = wire.answer()
        except _FAULTS as error:
            raise unreachable(error, where=where, node=taker.name) from error
    if answer.status != HTTP_OK:
        raise kubo_error(answer, where=where, node=taker.name)
    try:
        return import_counts(answer.body)
    except (ValueError, KeyError, TypeError) as error:
        raise unreachable(error, where=where, node=taker.name) from error


def _exported(root: Cid, giver: KuboEndpoint, where: str) -> Iterator[bytes]:
    """Yield the CAR of a root as a node gives it; a giver's fault is named as its own."""
    parts = urlsplit(giver.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path.rstrip('/')}/api/v0/dag/export"
    question = f"{path}?arg={cids.text(root)}&progress=false&offline=true"
    with closing(kind(parts.hostname or "", parts.port, timeout=IDLE_S)) as connection:
        try:
            connection.request("POST", question)
            answer = connection.getresponse()
            if answer.status != HTTP_OK:
                told = Answer(answer.status, answer.getheader("Retry-After") or "", answer.read())
                raise kubo_error(told, where=where, node=giver.name)
            while piece := answer.read(MIB):
                yield piece
        except _FAULTS as error:
            raise unreachable(error, where=where, node=giver.name) from error


def _chunk(piece: Piece) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), bytes(piece))
