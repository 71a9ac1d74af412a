"""What the journals prove: one writer at any instant (I10), nothing acknowledged lost, no gap."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

from tests.lab.load.journal import Told
from tests.lab.load.sides import BLUE, GREEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from botocore.client import BaseClient

    from tests.lab.load.journal import Attempt, Journal

OTHER: Final = {BLUE: GREEN, GREEN: BLUE}


class Overlap(NamedTuple):
    """Two acknowledged writes of different sides, one of which began before the other had ended."""

    earlier: Attempt
    later: Attempt


def two_writers(attempts: Iterable[Attempt]) -> list[Overlap]:
    """Return where one side took a write while a write of the other's was under way.

    As the clients saw it, which is longer than the gateways did: an empty list proves more.
    """
    found: list[Overlap] = []
    latest: dict[str, Attempt] = {}
    writes = (a for a in attempts if a.told is Told.DONE and a.op != "get")
    for now in sorted(writes, key=lambda attempt: attempt.began_ns):
        before = latest.get(OTHER[now.side])
        if before is not None and now.began_ns < before.ended_ns:
            found.append(Overlap(before, now))
        mine = latest.get(now.side)
        if mine is None or now.ended_ns > mine.ended_ns:
            latest[now.side] = now
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which writes were held: from the last acknowledged one to the next one."""

    began_ns: int
    ended_ns: int
    held: int
    before: str
    after: str

    @property
    def length_s(self) -> float:
        return (self.ended_ns - self.began_ns) / 1e9


def pauses(attempts: Iterable[Attempt]) -> list[Pause]:
    """Return the times between two acknowledged writes in which at least one was refused by 503."""
    writes = [a for a in attempts if a.op != "get"]
    ends = sorted((a for a in writes if a.told is Told.DONE), key=lambda a: a.ended_ns)
    held = sorted(a.ended_ns for a in writes if a.told is Told.HELD)
    found: list[Pause] = []
    at = 0
    for before, after in pairwise(ends):
        first = at
        while at < len(held) and held[at] < after.ended_ns:
            at += 1
        inside = sum(before.ended_ns <= one for one in held[first:at])
        if inside:
            found.append(
                Pause(
                    began_ns=before.ended_ns,
                    ended_ns=after.ended_ns,
                    held=inside,
                    before=before.side,
                    after=after.side,
                )
            )
    return found


def longest_without_reads(attempts: Iterable[Attempt]) -> float:
    """Return the longest time, in s, from a reader's failed read to its next one that succeeded."""
    longest = 0
    since: dict[str, int] = {}
    for one in sorted((a for a in attempts if a.op == "get"), key=lambda a: a.began_ns):
        if one.told is not Told.DONE:
            since.setdefault(one.client, one.began_ns)
        elif one.client in since:
            longest = max(longest, one.ended_ns - since.pop(one.client))
    return longest / 1e9


def failed_reads(attempts: Iterable[Attempt]) -> list[Attempt]:
    return [a for a in attempts if a.op == "get" and a.told is not Told.DONE]


def unclear(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the writes of which a client does not know whether they were done."""
    return [a for a in attempts if a.op != "get" and a.told is Told.UNKNOWN]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """compared: keys that stood still while they were read. lost: those that do not hold theirs."""

    compared: int
    moving: int
    lost: Sequence[tuple[str, str, str]]


def kept(journal: Journal, client: BaseClient) -> Kept:
    """Read each key that was ever acknowledged, and compare it with its last acknowledged write."""
    compared = moving = 0
    lost: list[tuple[str, str, str]] = []
    for at in journal.touched():
        before = journal.wanted(at)
        found = _digest(client, *at)
        if journal.wanted(at) != before or not before.settled:
            moving += 1
            continue
        compared += 1
        if found != before.digest:
            lost.append((*at, f"{found[:12] or 'nothing'} for {before.digest[:12] or 'nothing'}"))
    return Kept(compared=compared, moving=moving, lost=lost)


def _digest(client: BaseClient, bucket: str, key: str) -> str:
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return ""
        raise
    return hashlib.sha256(answer["Body"].read()).hexdigest()
