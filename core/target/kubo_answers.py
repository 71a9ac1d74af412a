"""What Kubo's answers mean: counts of an import, and our errors for its refusals.

Used by the sink in the workers and by the client in the engine, so that both say the same. Pure,
but for a clock where a server names a date.
"""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from core.config.redact import redact
from core.display import safe
from core.errors import (
    BadInput,
    CapacityExhausted,
    Denied,
    NodeBusy,
    NodeRefusedBlock,
    NodeSlow,
    NodeUnreachable,
    VgwmError,
)

HTTP_OK = 200
_BUSY = frozenset({429, 502, 503, 504})
_DENIED = frozenset({401, 403})
_NO_RPC = frozenset({404, 405})
_OUR_BLOCK = (
    "mismatch in content integrity",
    "produced block is over",
    "invalid section data",
    "protobuf:",
)
_WAIT_S = 5.0
_WAIT_MAX_S = 300.0
_SHOWN = 300


class Counts(NamedTuple):
    """What an import counted: sections received, repeats too, and their block data."""

    sections: int
    section_bytes: int


class Answer(NamedTuple):
    """An HTTP answer: status, `Retry-After` or "", body."""

    status: int
    retry_after: str
    body: bytes


def place(name: str, url: str) -> str:
    """Return `kubo-1 at http://host:5001`: a node as messages name it, without credentials."""
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return f"{name} at {safe(bare)}"


def excerpt(body: bytes) -> str:
    """Return the start of a server's text, safe to show and without secrets."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            text = str(parsed.get("Message") or parsed.get("message") or text)
    return safe(redact(text)[:_SHOWN]) or "nothing"


def wait_s(retry_after: str, *, now_s: float | None = None) -> float:
    """Return the seconds that a `Retry-After` asks for, within bounds; 5 when it says none.

    now_s: UTC, for one that names a date; None: the clock's.
    """
    try:
        asked = float(retry_after)
    except ValueError:
        try:
            until = parsedate_to_datetime(retry_after)
        except (ValueError, IndexError):
            return _WAIT_S
        asked = until.timestamp() - (time.time() if now_s is None else now_s)
    return min(max(asked, 0.0), _WAIT_MAX_S) if asked == asked else _WAIT_S  # noqa: PLR0124  # NaN


def import_counts(body: bytes) -> Counts:
    """Return the counts of a 200 answer of `dag/import`; no `Stats` at all counts as nothing.

    Raises ValueError when the body is not Kubo's.
    """
    sections = section_bytes = 0
    for line in body.splitlines():
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError("not an object")  # noqa: TRY004  # one error for "not Kubo's"
        stats = row.get("Stats")
        if stats:
            sections += int(stats["BlockCount"])
            section_bytes += int(stats["BlockBytesCount"])
    return Counts(sections, section_bytes)


def import_error(answer: Answer, want: Counts, *, where: str, node: str) -> VgwmError | None:
    """Return what is wrong with the answer to an import, None when every block was counted."""
    if answer.status != HTTP_OK:
        return kubo_error(answer, where=where, node=node)
    try:
        got = import_counts(answer.body)
    except (ValueError, KeyError, TypeError):
        return NodeUnreachable(
            what=f"{node} answered no counts: {excerpt(answer.body)}",
            where=where,
            remedy="Check that the URL is a Kubo RPC (kubo >= 0.40) and no proxy rewrites it.",
            node=node,
        )
    if got == want:
        return None
    return NodeUnreachable(
        what=f"{node} counted {got.sections:,} blocks of {got.section_bytes:,} bytes, "
        f"sent were {want.sections:,} of {want.section_bytes:,}",
        where=where,
        remedy="The connection was cut; the same blocks are sent again.",
        node=node,
    )


def kubo_error(answer: Answer, *, where: str, node: str) -> VgwmError:
    """Return our error for an answer of Kubo that is no 200."""
    said = excerpt(answer.body)
    what = f"{node} answered {answer.status}: {said}"
    lower = answer.body.lower()
    if answer.status in _DENIED:
        remedy = (
            "Open the Kubo RPC to this host by network, and remove API.Authorizations: "
            "the cluster cannot authenticate to Kubo."
        )
        return Denied(what=what, where=where, remedy=remedy, node=node)
    if answer.status in _NO_RPC:
        remedy = "Let target.kubo name RPC addresses (port 5001 by default), not gateways."
        return BadInput(what=what, where=where, remedy=remedy, node=node)
    if b"no space left on device" in lower or b"disk quota exceeded" in lower:
        remedy = f"Free space on {node}, or add a node; its bundles go to other nodes meanwhile."
        return CapacityExhausted(what=what, where=where, remedy=remedy, node=node)
    if any(mark.encode() in lower for mark in _OUR_BLOCK):
        remedy = "This is a fault of vgwm, not of the node: the job stops. Report it with the text."
        return NodeRefusedBlock(what=what, where=where, remedy=remedy, node=node)
    if answer.status in _BUSY:
        pause = wait_s(answer.retry_after)
        remedy = f"Tried again in {pause:.0f} s; if it stays, lower node_bundles."
        return NodeBusy(what=what, where=where, remedy=remedy, wait_s=pause, node=node)
    remedy = f"Tried again by itself; if it stays, read the log of {node}."
    return NodeUnreachable(what=what, where=where, remedy=remedy, node=node)


def slow(error: TimeoutError, *, where: str, node: str) -> NodeSlow:
    """Return our error for a node that took a request and makes no progress with it."""
    return NodeSlow(
        what=f"{node} is slow: {safe(str(error)) or 'no progress'}",
        where=where,
        remedy=f"Its bundles go to other nodes meanwhile. Look at the disk and the load of {node}.",
        node=node,
    )


def unreachable(error: Exception, *, where: str, node: str) -> NodeUnreachable:
    """Return our error for a node that could not be reached, or broke off."""
    said = safe(str(error)) or type(error).__name__
    return NodeUnreachable(
        what=f"{node} is not reachable: {said}",
        where=where,
        remedy=f"Check that {node} runs and its RPC port is open from this host.",
        node=node,
    )
