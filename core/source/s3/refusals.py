"""What an answer that is no object means: an object's own failure, a wait, or an error of ours.

May import the errors, `display`, the outcomes of its sibling, and its own room.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from core.display import safe
from core.errors import (
    BadInput,
    Broken,
    Denied,
    NodeBusy,
    NodeUnreachable,
    NoGatewayRoot,
    VgwmError,
)
from core.source.posix.outcome import Changed, Fault, Gone, Unreadable
from core.source.s3.handle import STALLED, TLS_FAULTS, TOO_LARGE
from core.source.s3.reply import fields_of

if TYPE_CHECKING:
    from core.source.s3.reply import Reply

LONGEST_WAIT_S: Final = 60.0
"""What an endpoint asks for beyond this is no wait of ours: the bundle goes round again."""

_KEYS: Final = "Check access key, secret and region, and the account at the endpoint."
_ACCOUNT: Final = {
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "XAdminUserNotFound": _KEYS,  # VersityGW's own word for an unknown access key
    "ExpiredToken": _KEYS,
    "InvalidToken": _KEYS,
    "AccountProblem": _KEYS,
    "RequestTimeTooSkewed": "Let NTP set the clocks of this host and of the endpoint.",
    "RequestExpired": "Let NTP set the clocks of this host and of the endpoint.",
}
"""What is wrong with every request alike, not with one object."""
_REGION: Final = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocation"})
_BUSY: Final = frozenset({"SlowDown", "ServiceUnavailable", "Busy", "TooManyRequests"})
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_THROTTLED: Final = frozenset({429, 503})
_MOVED: Final = frozenset({301, 302, 307, 308})
_GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"})
_OTHER_NOW: Final = frozenset({412, 416})
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9._-]{1,64})</Code>")
_MESSAGE: Final = re.compile(rb"<Message>([^<]{1,200})")
_OK: Final = frozenset({200, 206})
_DEFAULT_S: Final = 1.0

NOT_FOUND: Final = 404
FORBIDDEN: Final = 403


class Again(NamedTuple):
    """To be asked once more. wait_s: as the endpoint wishes; None: it did not say.

    error: what it comes to if it stays so. stalled: no byte came for too long.
    """

    wait_s: float | None
    error: VgwmError
    stalled: bool = False


def code_of(reply: Reply) -> str:
    """Return the endpoint's word for what is wrong, or the status where it has none."""
    found = _CODE.search(reply.body[:4_096])
    return found.group(1).decode() if found else str(reply.status)


def judge(reply: Reply, where: str) -> Fault | Again | VgwmError | None:
    """Return what an answer comes to; None for one that is good.

    An error is returned, not raised: whoever asked knows whether it is one.
    """
    if reply.status in _OK:
        return None
    if not reply.status:
        return _broken_off(reply, where)
    code = code_of(reply)
    if reply.status in _AGAIN or code in _BUSY:
        return _again(reply, code, where)
    return _everywhere(reply, code, where) or _of_object(reply, code)


def _broken_off(reply: Reply, where: str) -> Again | VgwmError:
    if reply.code == TOO_LARGE:
        return Broken(
            what="the answer is longer than any of its kind",
            where=where,
            remedy="Is it an S3 endpoint? Nothing of the answer was used.",
        )
    error = unreachable(reply, where)
    return error if reply.code in TLS_FAULTS else Again(None, error, reply.code == STALLED)


def _everywhere(reply: Reply, code: str, where: str) -> VgwmError | None:
    """Return what would be wrong with any request of ours, None for what is one object's."""
    if code in _ACCOUNT:
        return Denied(what=_words(reply, code), where=where, remedy=_ACCOUNT[code])
    if reply.status in _MOVED or code in _REGION:
        return _elsewhere(reply, where)
    if code == "NoSuchBucket":
        return NoGatewayRoot(
            what="there is no such bucket", where=where, remedy="Was it removed? Plan again."
        )
    return None


def _of_object(reply: Reply, code: str) -> Fault:
    if code in _GONE:
        return Gone()
    if reply.status in _OTHER_NOW:
        return Changed()
    return Unreadable(_words(reply, code))


def unreachable(reply: Reply, where: str) -> NodeUnreachable:
    """Return the error of an endpoint that did not answer."""
    return NodeUnreachable(
        what=f"no answer: {safe(reply.why)}",
        where=where,
        remedy="Check the endpoint, its certificate and the way to it.",
    )


def as_error(outcome: Fault | VgwmError, where: str) -> VgwmError:
    """Return the error of an answer to what is asked of a bucket or of the whole endpoint."""
    if isinstance(outcome, VgwmError):
        return outcome
    if isinstance(outcome, Unreadable):
        return Denied(
            what=outcome.why,
            where=where,
            remedy="Use an account that may list and read, or give it the right.",
        )
    return BadInput(
        what="the endpoint does not know it", where=where, remedy="Was it removed? Plan again."
    )


def _again(reply: Reply, code: str, where: str) -> Again:
    told = fields_of(reply.lines).get("retry-after", b"")
    wait_s = float(told) if told.isdigit() else None
    words = _words(reply, code)
    if reply.status in _THROTTLED or code in _BUSY:
        return Again(
            wait_s,
            NodeBusy(
                what=f"it asks to wait: {words}",
                where=where,
                remedy="Ask again later, or with fewer workers.",
                wait_s=_DEFAULT_S if wait_s is None else wait_s,
            ),
        )
    return Again(
        wait_s,
        NodeUnreachable(
            what=f"it failed: {words}",
            where=where,
            remedy="Read the endpoint's log. A folder of VersityGW whose name is not UTF-8 makes "
            "every listing of its bucket fail: read that source as posix.",
        ),
    )


def _elsewhere(reply: Reply, where: str) -> BadInput:
    region = fields_of(reply.lines).get("x-amz-bucket-region", b"")
    found = re.search(rb"<Region>([a-z0-9-]{1,32})</Region>", reply.body[:4_096])
    named = region or (found.group(1) if found else b"")
    there = f": it is {safe(named)}" if named else ""
    host = b"" if named else _host_of(fields_of(reply.lines).get("location", b""))
    return BadInput(
        what=f"it redirects to {safe(host)}" if host else f"the region is another one{there}",
        where=where,
        remedy="Set source.region and source.endpoint to where the bucket lies.",
    )


def _host_of(location: bytes) -> bytes:
    """Return whose address a redirect names, and nothing else of it: a query may be signed."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return b""
    return parts.netloc.rpartition(b"@")[2]


def _words(reply: Reply, code: str) -> str:
    """Return the endpoint's own words, made safe."""
    found = _MESSAGE.search(reply.body[:4_096])
    text = f" {safe(found.group(1))}" if found else ""
    return f"{safe(code)}{text}" if code != str(reply.status) else f"status {code}{text}"
