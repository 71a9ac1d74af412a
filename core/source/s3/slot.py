"""One object in the lane, step by step: its bytes or its headers, then its tags. Pure.

May import its own room.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from core.source.posix.outcome import Changed, Gone, Unreadable
from core.source.s3.fetched import Larger, Looked, Whole
from core.source.s3.handle import TOO_LARGE
from core.source.s3.refusals import NOT_FOUND, judge
from core.source.s3.reply import NO_LENGTH, PART, head_of, tells_length
from core.source.s3.request import object_request, part_request, tagging_request
from core.source.s3.tagging import tags_attribute
from core.source.s3.xml import XML_BYTES

if TYPE_CHECKING:
    from core.errors import VgwmError
    from core.source.posix.outcome import Fault
    from core.source.s3.fetched import Fetched, Head, Wanted
    from core.source.s3.refusals import Again
    from core.source.s3.reply import Reply
    from core.source.s3.request import Request

_TOTAL: Final = re.compile(rb"bytes .*/(\d{1,18})")
_EMPTY_RANGE: Final = 416


class Step(Enum):
    """What is asked of an object at present. FIRST: its first byte, for the headers alone."""

    BODY = 0
    HEAD = 1
    FIRST = 2
    TAGS = 3


class Slot:
    """One wanted object on its way. weight: bytes that it is counted with. got: the outcome.

    answers: of the whole reading, when it was first asked for.
    """

    __slots__ = ("answers", "came", "due_s", "got", "step", "tried", "wanted", "weight")

    def __init__(self, wanted: Wanted, weight: int) -> None:
        self.wanted = wanted
        self.weight = weight
        self.step: Step | None = None
        self.tried = 0
        self.answers = 0
        self.due_s = 0.0
        self.came: Whole | Looked | None = None  # its tags are still wanted
        self.got: Fetched | Looked | None = None


class Aim(Protocol):
    """What is wanted of each object."""

    def weight(self, wanted: Wanted) -> int:
        """Return how many bytes it will bring, as far as anybody knows."""

    def refuses(self, wanted: Wanted) -> bool:
        """Tell whether it is known to be larger than the limit."""

    def request(self, slot: Slot) -> tuple[Request, int]:
        """Return its next request, and the limit of the answer in bytes."""

    def settle(self, slot: Slot, reply: Reply) -> Fault | Again | VgwmError | None:
        """Take an answer: `slot.got` is set, or the slot is ready for its next step."""


class Bodies:
    """Whole objects of up to limit_bytes."""

    def __init__(self, bucket: bytes, where: str, limit_bytes: int) -> None:
        self._bucket = bucket
        self._where = where
        self._limit = limit_bytes
        self._usual = limit_bytes >> 3

    def weight(self, wanted: Wanted) -> int:
        """See `Aim`: where the listing is not known, what the last ones had."""
        size = wanted.size_bytes
        return self._usual if size < 0 else min(size, self._limit)

    def refuses(self, wanted: Wanted) -> bool:
        """See `Aim`."""
        return wanted.size_bytes > self._limit

    def request(self, slot: Slot) -> tuple[Request, int]:
        """See `Aim`."""
        key, version, *_ = slot.wanted
        if slot.step is Step.TAGS:
            return tagging_request(self._bucket, key, version), XML_BYTES
        # 0 would mean no limit: one byte more comes through, and `settle` sees it
        return object_request(self._bucket, key, version), max(self._limit, 1)

    def settle(self, slot: Slot, reply: Reply) -> Fault | Again | VgwmError | None:
        """See `Aim`."""
        if slot.step is Step.TAGS:
            return settle_tags(slot, reply, self._where)
        if reply.code == TOO_LARGE:
            slot.got = Larger(slot.wanted)
            return None
        outcome = judge(reply, self._where)
        if outcome is not None:
            return outcome
        head = head_of(reply)
        size = len(reply.body)
        if reply.status == PART or head.size_bytes != size or not _is_bounded(head):
            return Unreadable(NO_LENGTH)
        if size > self._limit:
            slot.got = Larger(slot.wanted)
            return None
        self._usual += (size - self._usual) >> 3
        _took(slot, Whole(slot.wanted, head, reply.body), head)
        return None


class Heads:
    """Headers alone."""

    def __init__(self, bucket: bytes, where: str) -> None:
        self._bucket = bucket
        self._where = where

    def weight(self, wanted: Wanted) -> int:  # noqa: ARG002 - the protocol's
        """See `Aim`."""
        return 0

    def refuses(self, wanted: Wanted) -> bool:  # noqa: ARG002 - the protocol's
        """See `Aim`: headers have no size."""
        return False

    def request(self, slot: Slot) -> tuple[Request, int]:
        """See `Aim`."""
        key, version, _, part = slot.wanted
        if part:
            return part_request(self._bucket, key, version, part), 0
        match slot.step:
            case Step.TAGS:
                return tagging_request(self._bucket, key, version), XML_BYTES
            case Step.FIRST:
                more = ("Range: bytes=0-0",)
                return object_request(self._bucket, key, version, more=more), XML_BYTES
            case Step.BODY:
                return object_request(self._bucket, key, version), XML_BYTES
            case _:
                return object_request(self._bucket, key, version, method="HEAD"), 0

    def settle(self, slot: Slot, reply: Reply) -> Fault | Again | VgwmError | None:
        """See `Aim`."""
        if slot.step is Step.TAGS:
            return settle_tags(slot, reply, self._where)
        if slot.wanted.part:
            return self._part(slot, reply)
        # VersityGW's HEAD knows no old version of a key whose current one has no id: its GET does
        if slot.step is None and reply.status == NOT_FOUND and slot.wanted.version:
            slot.step = Step.FIRST
            return None
        if slot.step is Step.FIRST and reply.status == _EMPTY_RANGE:
            slot.step = Step.BODY
            return None
        outcome = judge(reply, self._where)
        return self._told(slot, reply) if outcome is None else outcome

    def _told(self, slot: Slot, reply: Reply) -> Fault | None:
        """Take the headers of a good answer, if they tell the object's length."""
        head = head_of(reply)
        if slot.step is None and not tells_length(head):
            slot.step = Step.FIRST  # some proxies leave it out of a HEAD: its first byte tells it
            return None
        total = _TOTAL.match(head.fields.get("content-range", b""))
        if reply.status == PART and total is not None:
            head = head._replace(size_bytes=int(total.group(1)))
        elif reply.status == PART or not _is_bounded(head):
            return Unreadable(NO_LENGTH)
        _took(slot, Looked(slot.wanted, head), head)
        return None

    def _part(self, slot: Slot, reply: Reply) -> Fault | Again | VgwmError | None:
        outcome = judge(reply, self._where)
        if outcome is None:
            slot.got = Looked(slot.wanted, head_of(reply))
        return outcome


def settle_tags(slot: Slot, reply: Reply, where: str) -> Fault | Again | VgwmError | None:
    """Take the tags of an object that has come; see `Aim.settle`."""
    outcome = judge(reply, where)
    if outcome is None and slot.came is not None:
        slot.got = slot.came._replace(tags=tags_attribute(reply.body, where))
        return None
    if not isinstance(outcome, Gone | Changed | Unreadable):
        return outcome
    if slot.wanted.version:
        return Unreadable("the endpoint does not tell the tags of this version")
    return Changed() if isinstance(outcome, Gone) else outcome


def _took(slot: Slot, came: Whole | Looked, head: Head) -> None:
    """Keep what has come; where it has tags they are asked for first."""
    if head.tags > 0:
        slot.came, slot.step = came, Step.TAGS
    else:
        slot.got = came


def _is_bounded(head: Head) -> bool:
    """Tell whether an answer that broke off would have been seen as one."""
    return tells_length(head) or b"chunked" in head.fields.get("transfer-encoding", b"")
