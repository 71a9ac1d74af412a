"""The lists of the screens that have one: the failures behind a pager, the newest events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from core.errors import VgwmError
from tui.facts.checklist import Pane, identity, rows
from tui.facts.crossing import Crossings
from tui.facts.listing import place_of
from tui.facts.pager import Pager
from tui.facts.prepared import Prepared
from tui.facts.proof_lists import ProofLists
from tui.facts.risk_lists import RiskLists
from tui.facts.window import scrolled
from tui.linked import LinkState
from tui.screen import Name
from tui.views import assess, errors, inventory
from tui.views.frame import body_size
from tui.views.words import current_job

if TYPE_CHECKING:
    from core.control.wire.checks import Checks
    from core.control.wire.cluster import Cluster
    from core.control.wire.cutover import Cutover
    from core.control.wire.plan import Plan
    from core.control.wire.rollback import Rollback
    from core.control.wire.state import Event, Snapshot
    from core.control.wire.verify import Proof
    from tui.facts.at_risk import RiskWindow
    from tui.facts.book import Book
    from tui.facts.checklist import Wanted
    from tui.facts.link import EngineLink
    from tui.facts.listing import FailureWindow, Row
    from tui.facts.proof_book import ProofBook
    from tui.facts.proven import ProofWindow
    from tui.ui import Ui
    from tui.views.line import Size

EVENTS = 500


class Parts(TypedDict):
    """The parts of a scene that are read beside the snapshot."""

    window: FailureWindow | None
    checks: Checks | None
    plan: Plan | None
    events: tuple[Event, ...]
    proofs: tuple[Proof, ...] | None
    proof_window: ProofWindow | None
    cutover: Cutover | None
    rollback: Rollback | None
    risk_window: RiskWindow | None
    cluster: Cluster | None


class _Under(NamedTuple):
    """The row under the cursor, and the window and place in which it was."""

    window: FailureWindow
    cursor: int
    row: Row


class _UnderCheck(NamedTuple):
    """What was listed of the assessment, and which check was under the cursor, at what place."""

    wanted: Wanted
    cursor: int
    row: tuple[str, str]


class Lists:
    """Reads the list of the screen that is shown, and no more of it than that needs."""

    def __init__(self, link: EngineLink, book: Book, proof_book: ProofBook) -> None:
        self._link = link
        self._pager = Pager(book)
        self.prepared = Prepared(link)
        self._proven = ProofLists(link, proof_book)
        self._crossings = Crossings(link)
        self._at_risk = RiskLists(link.client)
        self._events: tuple[Event, ...] = ()
        self._counted: tuple[int, ...] | None = None
        self._under: _Under | None = None
        self._check: _UnderCheck | None = None
        self._is_off = False

    def parts(self) -> Parts:
        """Return what was read, for the scene."""
        return Parts(
            window=self._pager.window,
            checks=self.prepared.checks,
            plan=self.prepared.plan,
            events=self._events,
            proofs=self._proven.proofs,
            proof_window=self._proven.window,
            cutover=self._crossings.cutover,
            rollback=self._crossings.rollback,
            risk_window=self._at_risk.window,
            cluster=self._crossings.cluster,
        )

    def settle(self, ui: Ui, size: Size) -> Ui:
        """Keep the cursor within a list that may have become shorter, and on the screen."""
        if ui.screen is Name.ASSESS:
            return self._settle_checks(ui, size)
        self._check = None
        if ui.screen is Name.VERIFY:
            return self._proven.settle(ui, body_size(size))
        if ui.screen is Name.ROLLBACK:
            return self._at_risk.settle(ui, body_size(size))
        if ui.screen is not Name.ERRORS:
            return ui
        room = errors.room(body_size(size))
        window = self._pager.window
        if window is None or window.listing != ui.listing:
            return replace(ui, room=room, top=0, cursor=0)
        ui = self._follow_row(ui, window)
        cursor = max(0, min(ui.cursor, window.total - 1))
        row = window.row(cursor)
        self._under = None if row is None else _Under(window, cursor, row)
        return replace(
            ui, room=room, cursor=cursor, top=scrolled(ui.top, cursor, room, window.total)
        )

    def _settle_checks(self, ui: Ui, size: Size) -> Ui:
        """Keep the cursor on its check: an answer that came in may have moved it."""
        if ui.checklist.pane is not Pane.CHECKS:
            return self._settle_inventory(ui, body_size(size))
        listed = rows(self.prepared.checks, ui.checklist)
        kept, self._check = self._check, None
        cursor = max(0, min(ui.cursor, len(listed) - 1))
        opened = ui.opened
        if kept is not None and (kept.wanted, kept.cursor) == (ui.checklist, ui.cursor):
            places = (n for n, row in enumerate(listed) if identity(row) == kept.row)
            place = next(places, None)
            opened = opened and place is not None
            cursor = cursor if place is None else place
        if listed:
            self._check = _UnderCheck(ui.checklist, cursor, identity(listed[cursor]))
        room = assess.room(body_size(size))
        top = scrolled(ui.top, cursor, room, len(listed))
        return replace(ui, room=room, cursor=cursor, top=top, opened=opened)

    def _settle_inventory(self, ui: Ui, size: Size) -> Ui:
        checks, self._check = self.prepared.checks, None
        found = checks.inventory if checks is not None else None
        most = 0 if found is None else inventory.overflow(found, ui, size)
        return replace(ui, room=max(1, size.height - 6), cursor=min(ui.cursor, most))

    def _follow_row(self, ui: Ui, window: FailureWindow) -> Ui:
        """Keep the cursor on its row when others came or went before it.

        A row that was shown at length and is gone is closed: an act would take another one.
        """
        under = self._under
        if under is None or under.window is window or under.cursor != ui.cursor:
            return ui
        if under.window.listing != window.listing:
            return ui
        place = place_of(window, under.row)
        if place is None:
            return replace(ui, opened=False)
        return replace(ui, cursor=place, top=max(0, ui.top + place - ui.cursor))

    def wants(self, ui: Ui) -> bool:
        """Whether `read` has rows to fetch for what is shown."""
        if self._is_off or self._link.now().state is not LinkState.LIVE:
            return False
        if ui.screen is Name.VERIFY:
            return self._proven.wants(ui)
        if ui.screen is Name.ROLLBACK:
            return self._at_risk.wants(ui)
        return ui.screen is Name.ERRORS and self._pager.show(ui.listing, ui.top, ui.room)

    def misses(self, ui: Ui) -> bool:
        """Whether a row that should be on the screen is not here yet."""
        if self._link.now().state is not LinkState.LIVE:
            return False
        if ui.screen is Name.VERIFY:
            return self._proven.misses(ui)
        if ui.screen is Name.ROLLBACK:
            return self._at_risk.misses(ui)
        return ui.screen is Name.ERRORS and self._pager.misses(ui.listing, ui.top, ui.room)

    async def read(self) -> bool:
        """Fetch the rows that are wanted, and return whether any came.

        After an error nothing is wanted until the engine is next looked at: an engine that refuses
        would be asked without a pause.
        """
        try:
            failures = await self._pager.fetch()
            at_risk = await self._at_risk.fetch()
            return await self._proven.fetch() or at_risk or failures
        except VgwmError:
            self._is_off = True
            raise

    async def follow(self, ui: Ui) -> None:
        """Read the list of the screen that is shown, if it can have changed."""
        self._is_off = False
        self._pager.look()
        snapshot = self._link.snapshot
        if snapshot is None or self._link.now().state is not LinkState.LIVE:
            return
        await self.prepared.follow(ui.screen, snapshot)
        await self._proven.follow(ui, snapshot)
        await self._crossings.follow(ui.screen, ui.slice, ui.way)
        await self._at_risk.follow(ui)
        match ui.screen:
            case Name.ERRORS:
                self._look_again(snapshot, ui)
                await self._pager.fetch()
            case Name.LOG:
                await self._read_events(snapshot)
            case _:
                pass

    def _look_again(self, snapshot: Snapshot, ui: Ui) -> None:
        """Read the same rows again when a counter says that they can differ.

        So can they when a job ended: a retry that failed again leaves the counters as they were.
        """
        totals, job = snapshot.totals, current_job(snapshot)
        ended = 0 if job is None or job.ended_ns is None else job.ended_ns
        counted = (totals.failed, totals.skipped, totals.requeued, totals.waived, ended)
        if counted != self._counted:
            self._pager.renew(ui.listing, ui.top, ui.room)
            self._counted = counted

    async def _read_events(self, snapshot: Snapshot) -> None:
        newest = self._events[0].seq if self._events else 0
        if snapshot.last_seq > newest:
            since = max(newest, snapshot.last_seq - EVENTS)
            fresh = (await self._link.client.events(since)).events
            self._events = (*reversed(fresh), *self._events)[:EVENTS]
