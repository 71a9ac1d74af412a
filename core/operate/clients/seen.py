"""Which clients call a gateway, by its access logs. Pure: lines in, counts out.

Lines are the gateway's, words in them the clients': a user agent says what it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 1_000
"""Callers that are told apart; the requests of all others are counted together."""

# OWNER BUCKET [TIME] ADDRESS REQUESTER REQUEST-ID OPERATION KEY URI STATUS CODE SENT SIZE TOTAL
# TURNAROUND REFERER USER-AGENT VERSION HOST-ID SigV4 .. : the words between may hold blanks
_HEAD: Final = re.compile(rb"\S+ \S+ \[([^\]\n]{1,64})\] (\S+) (\S+) \S+ s3_\S+ ")
_TAIL: Final = re.compile(rb" \d{3} [^\n]*? \d+ -?\d+ \d+ \d+ \S+ ([^\n]*) \S+ \S+ SigV4 ")
_TOOLS: Final = (
    ("aws", re.compile(rb"^aws-cli/")),
    ("boto3", re.compile(rb"^Boto3/|^Botocore/|^aiobotocore")),
    ("rclone", re.compile(rb"^rclone/")),
    ("s5cmd", re.compile(rb"s5cmd", re.IGNORECASE)),
    ("s3cmd", re.compile(rb"s3cmd", re.IGNORECASE)),
    ("mc", re.compile(rb"\bmc/")),
    ("minio SDK", re.compile(rb"^MinIO ")),
    ("aws SDK", re.compile(rb"^aws-sdk-")),
)
_LONGEST_AGENT: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One client. tool: `other` where its user agent names none that is known.

    agent: its user agent; access: the key that signed, `-` for nobody; address: as the gateway saw
    it, so often a load balancer's. last: the time of its last request. All are safe to show.
    """

    tool: str
    agent: str
    access: str
    address: str
    requests: int
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What stands in logs. callers: the busiest first. others: requests of callers beyond MOST."""

    requests: int
    callers: tuple[Caller, ...]
    others: int = 0


def calls(lines: Iterable[bytes]) -> Calls:
    """Count requests by client. Lines that are no request are passed over."""
    counts: dict[tuple[bytes, bytes, bytes], int] = {}
    last: dict[tuple[bytes, bytes, bytes], bytes] = {}
    requests = others = 0
    for line in lines:
        head = _HEAD.match(line)
        if head is None:
            continue
        requests += 1
        time, address, access = head.groups()
        tail = _TAIL.search(line, head.end() - 1)
        agent = tail.group(1)[:_LONGEST_AGENT] if tail is not None else b"-"
        who = (agent, access[:_LONGEST_AGENT], address[:_LONGEST_AGENT])
        if who not in counts and len(counts) == MOST:
            others += 1
            continue
        counts[who] = counts.get(who, 0) + 1
        last[who] = time
    found = [
        Caller(
            tool=_tool(agent),
            agent=safe(agent),
            access=safe(access),
            address=safe(address),
            requests=n,
            last=safe(last[agent, access, address]),
        )
        for (agent, access, address), n in counts.items()
    ]
    found.sort(key=lambda one: (-one.requests, one.agent, one.access, one.address))
    return Calls(requests=requests, callers=tuple(found), others=others)


def _tool(agent: bytes) -> str:
    return next((name for name, pattern in _TOOLS if pattern.search(agent)), "other")
