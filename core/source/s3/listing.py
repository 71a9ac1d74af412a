"""A bucket's listing: runs of keys listed at once, handed on in byte order, none twice.

A listing that goes back, repeats itself or never ends is refused: no key may be planned twice, none
be left out (I4). Memory: some pages a run. May import its own room.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from core.source.s3.order import TrueOrder
from core.source.s3.pages import objects_page
from core.source.s3.patience import pause_or_raise
from core.source.s3.refusals import Again, as_error, judge
from core.source.s3.reply import Reply
from core.source.s3.runs import ObjectsRun, Run, RunPage, VersionsRun, objects_request
from core.source.s3.splitting import cuts, just_before
from core.source.s3.xml import XML_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.source.s3.caller import Caller
    from core.source.s3.handle import Door
    from core.source.s3.listed import ListingPage
    from core.source.s3.wire import Wire

PAGES_AHEAD: Final = 4
"""Pages of one run that wait for those before it."""

_LOOK_S: Final = 0.5


class Listing:
    """Lists one bucket. exists: tells whether a key that was shown is a true one."""

    def __init__(  # noqa: PLR0913 - the parts of one client, from one caller
        self,
        door: Door,
        wire: Wire,
        caller: Caller,
        bucket: bytes,
        *,
        exists: Callable[[bytes, bytes], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._where = door.bucket(bucket)
        self._wire = wire
        self._caller = caller
        self._bucket = bucket
        self._exists = exists
        self._sleep = sleep

    def pages(self, after: bytes | None, *, versions: bool) -> Iterator[ListingPage]:
        """Yield the rows strictly behind the key `after`, None for all. Close it.

        Raises Broken, Denied, BadInput, NodeBusy, NodeUnreachable.
        """
        lanes = deque(self._lanes(after, versions=versions))
        order = TrueOrder(self._where, after, self._exists)
        try:
            while lanes:
                lane = lanes[0]
                if lane.ready:
                    page = order.page(lane.ready.popleft())
                    if page.rows or page.unnamed:
                        yield page
                elif lane.ended:
                    lanes.popleft()
                else:
                    self._advance(lanes)
            page = order.end()
            if page.rows or page.unnamed:
                yield page
        finally:
            self._wire.drop()

    def _lanes(self, after: bytes | None, *, versions: bool) -> list[_Lane]:
        kind = VersionsRun if versions else ObjectsRun
        borders = [cut for cut in self._borders() if after is None or cut > after]
        lowers = [after, *(just_before(cut) for cut in borders)]
        uppers = [*borders, None]
        # VersityGW's listing of versions begins at the key that it was told to begin behind
        first = b"" if after is None else after + b"\0"
        return [
            _Lane(kind(self._bucket, self._where, lower=lower, upper=upper), floor)
            for lower, upper, floor in zip(lowers, uppers, [first, *borders], strict=True)
        ]

    def _borders(self) -> list[bytes]:
        reply = self._caller.ask(objects_request(self._bucket, split=True), self._where)
        if not isinstance(reply, Reply):
            raise as_error(reply, self._where)
        return cuts(objects_page(reply.body, self._where))

    def _advance(self, lanes: deque[_Lane]) -> None:
        """Ask for as many pages as there is room for, and take what has come."""
        now_s = time.monotonic()
        rest_s = _LOOK_S
        for lane in lanes:
            if lane.waits and self._wire.room:
                if lane.due_s > now_s:
                    rest_s = min(rest_s, lane.due_s - now_s)
                    continue
                lane.asked(self._wire)
        if not self._wire.under_way:
            self._sleep(rest_s)
            return
        for lane, reply in self._wire.wait(rest_s):
            outcome = judge(reply, self._where)
            if outcome is None:
                lane.take(reply.body, self._wire)
                if lane.waits and self._wire.room:
                    lane.asked(self._wire)
            elif isinstance(outcome, Again):
                lane.again(outcome)
            else:
                raise as_error(outcome, self._where)
        self._wire.push(1)


class _Lane:
    """One run, the pages of it that are in, and whether one is asked for. floor: its first key."""

    def __init__(self, run: Run, floor: bytes) -> None:
        self._run = run
        self._floor = floor
        self._asking = False
        self._tried = 0
        self.ready: deque[RunPage] = deque()
        self.ended = False
        self.due_s = 0.0

    @property
    def waits(self) -> bool:
        """True where the next page is to be asked for."""
        return not (self._asking or self.ended) and len(self.ready) < PAGES_AHEAD

    def asked(self, wire: Wire) -> None:
        self._asking = True
        self._tried += 1
        wire.send(self._run.request(), self, XML_BYTES)

    def take(self, body: bytes, wire: Wire) -> None:
        """Take a page; the next one is on its way before the rows are taken apart."""
        self._asking = False
        self._tried = 0
        if len(self.ready) + 1 < PAGES_AHEAD and self._run.peek(body):
            self.asked(wire)
            wire.push(1)
        page = self._run.page(body)
        if page.rows and page.rows[0][0] < self._floor:
            rows = [row for row in page.rows if row[0] >= self._floor]
            page = page._replace(rows=rows)
        self.ready.append(page)
        self.ended = page.last

    def again(self, outcome: Again) -> None:
        self._asking = False
        self.due_s = time.monotonic() + pause_or_raise(outcome, self._tried)
