"""The Verify screen from the keyboard: parts, a million rows behind a window, repair by plan."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.control.client import Client
from core.control.server import build_app
from core.control.wire import state as wire
from core.control.wire import verify as wire_verify
from core.errors import NoAnswer, Refused, VgwmError, WrongState
from tests.tui import proved, stage
from tests.tui.engine import LiveDesk
from tests.tui.test_app import Driven
from tui.acts.effects import Repair
from tui.app import Terminal
from tui.facts.proof_book import ProofBook
from tui.facts.proven import Pane, Proven
from tui.facts.window import Leaf, Reach
from tui.options import Options
from tui.screen import Name
from tui.terminal import themes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from core.control.wire import metadata as wire_metadata
    from core.control.wire.metadata import RepairPlan
    from core.control.wire.verify import Proof, ViewRow
    from tui.facts.proven import ProofList, ProofWindow

MILLION = 1_000_000
ROOM = 8
"""Rows of a list at 80x24."""
QUIET = stage.snapshot(jobs=[stage.PLAN_DONE])


def row(place: int) -> ViewRow:
    return wire_verify.ViewRow(
        at=place,
        object=f"photos/2024/{place:07}.jpg",
        kind="wrong_cid" if place % 3 else "wrong_metadata",
        field="cid" if place % 3 else "etag",
        wanted=f"wanted {place}",
        found=f"found {place}",
        bundle=place // 1_000,
    )


class ManyDesk(LiveDesk):
    """An engine whose newest verification found `told`."""

    def __init__(self, *told: Proof) -> None:
        super().__init__()
        self.fixed = QUIET
        self.told = told
        self.looks: list[str] = []

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        self.looks.append(f"proofs {limit}")
        return wire_verify.Proofs(proofs=list(self.told))

    async def proof(self, job: int | None) -> wire_verify.Proof:
        self.looks.append(f"proof {job}")
        return next(one for one in self.told if one.job == job)


class Many(ProofBook):
    """Lists of `total` rows that are made when they are asked for; plans and repairs."""

    changes = 0

    def __init__(self, client: Client, total: int = MILLION) -> None:
        super().__init__(client)
        self.total = total
        self.asked: list[tuple[ProofList, Reach]] = []
        self.planned: list[Repair] = []
        self.done: list[str] = []
        self.steps = proved.plan().steps

    async def leaf(
        self, listing: ProofList, reach: Reach, near: ProofWindow | None = None
    ) -> Leaf[ViewRow]:
        del near
        self.asked.append((listing, reach))
        total = self.total if listing.name == "differ" else 0
        places = range(reach.begins, min(reach.ends, total))
        return Leaf(tuple(row(place) for place in places), total, listing.ended_ns)

    async def plan(
        self, repair: Repair, actor: str, told: Callable[[int], None] = lambda _: None
    ) -> RepairPlan:
        del actor
        told(7)
        self.planned.append(repair)
        return proved.plan(hash=f"{len(self.planned):08x}", steps=self.steps)

    async def carry_out(self, plan: RepairPlan, actor: str) -> int:
        del actor
        if self.changes:
            self.changes -= 1
            raise Refused(what="the report says something else", where="repair", remedy="Look.")
        self.done.append(plan.hash)
        return 18

    @property
    def fetched(self) -> int:
        return sum(reach.ends - reach.begins for _, reach in self.asked)


@contextlib.asynccontextmanager
async def verify(
    path: Path,
    desk: ManyDesk | None = None,
    *,
    total: int = MILLION,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[tuple[Driven, Many]]:
    desk = desk if desk is not None else ManyDesk(proved.CHECK, proved.FOUND, proved.CLEAN)
    async with Client(build_app(desk)) as client:
        book = Many(client, total)
        app = Terminal(path, client, options=Options(look=themes.load("mono")), proof_book=book)
        async with app.run_test(size=size) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "v")
            await it.until(lambda: "join" in it.text or "nothing was verified" in it.text)
            yield it, book


async def test_the_newest_verification_is_shown_and_n_goes_to_older_ones(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, _):
        assert "verify #15" in it.text
        await it.press("n")
        assert "verify #14" in it.text
        await it.press("n")
        assert "metadata check #17" in it.text
        await it.press("n")
        assert "verify #15" in it.text
        await it.press("escape")
        assert (it.app.ui.screen, it.app.ui.proven) == (Name.VERIFY, Proven())


async def test_end_of_a_million_rows_is_one_request_of_a_window(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("tab")
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        before = len(book.asked)
        await it.press("end")
        await it.until(lambda: "2024/0999999.jpg" in it.text)
        assert "row 1,000,000 of 1,000,000" in it.text
        assert "found 999999" in it.text
        assert len(book.asked) - before <= 2
        assert book.fetched <= 3 * 3 * ROOM


async def test_a_walk_through_the_list_fetches_each_row_a_bounded_number_of_times(
    tmp_path: Path,
) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("tab")
        for page in range(1, 12):
            await it.until(lambda page=page: f"{(page - 1) * ROOM:07}.jpg" in it.text)  # type: ignore[misc]  # bound now
            await it.press("pagedown")
        assert book.fetched <= 4 * 12 * ROOM
        assert all(reach.ends - reach.begins <= 3 * ROOM for _, reach in book.asked)


async def test_the_cursor_stays_on_the_screen_through_every_size(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, _):
        await it.press("tab")
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        await it.press("end")
        await it.until(lambda: "2024/0999999.jpg" in it.text)
        for size in ((200, 50), (60, 16), (40, 12), (120, 40), (80, 24)):
            await it.pilot.resize_terminal(*size)
            await it.until(lambda size=size: tuple(it.app.panel.shown.size) == size)  # type: ignore[misc]  # bound now
            await it.until(lambda: " > 1,000,000 " in it.text and "..." not in it.text)


async def test_nothing_is_asked_for_while_nothing_moves(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("tab")
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        assert isinstance(it.desk, ManyDesk)
        before = len(book.asked), len(it.desk.looks)
        for _ in range(2):
            seen = it.app.link.snapshot
            await it.until(lambda seen=seen: it.app.link.snapshot is not seen)  # type: ignore[misc]  # bound now
        await it.pilot.pause()
        assert (len(book.asked), len(it.desk.looks)) == before


async def test_a_verification_that_runs_is_read_each_second_and_its_lists_at_its_end(
    tmp_path: Path,
) -> None:
    desk = ManyDesk(proved.JOINING, proved.FOUND)
    async with verify(tmp_path, desk) as (it, book):
        assert "40.0 %" in it.text
        desk.told = (msgspec.structs.replace(proved.JOINING, joined=10_000_000), proved.FOUND)
        await it.until(lambda: "83.3 %" in it.text)
        await it.press("tab")
        assert "#16 has not ended: its lists are made at the end" in it.text
        assert book.asked == []
        desk.told = (proved.proof(job=16), proved.FOUND)
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        assert {listing.job for listing, _ in book.asked} == {16}


async def test_another_end_of_the_same_job_is_another_list(tmp_path: Path) -> None:
    desk = ManyDesk(proved.FOUND)
    async with verify(tmp_path, desk, total=3) as (it, book):
        await it.press("tab")
        await it.until(lambda: "row 1 of 3" in it.text)
        book.total = 2
        desk.told = (proved.proof(ended_ns=stage.NOON_NS),)
        desk.fixed = stage.snapshot(jobs=[stage.job(15, "verify", "done", ended_ns=1)])
        await it.until(lambda: "row 1 of 2" in it.text)


async def test_slash_filters_by_kind_and_bucket_and_escape_lets_go(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("tab", "/", "tab", "space", *"photos", "enter")
        await it.until(lambda: "only wrong_metadata photos" in it.text)
        listing, _ = book.asked[-1]
        assert (listing.name, listing.kind, listing.bucket) == (
            *("differ", "wrong_metadata"),
            "photos",
        )
        await it.press("escape")
        assert it.app.ui.proven == Proven(pane=Pane.DIFFER)
        await it.press("escape")
        assert it.app.ui.proven == Proven()


async def test_enter_on_a_kind_lists_it_and_on_a_row_opens_it(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("j", "enter")
        await it.until(lambda: "only wrong_cid" in it.text)
        await it.until(lambda: "2024/0000001.jpg" in it.text)
        assert book.asked[-1][0].kind == "wrong_cid"
        await it.press("j", "enter")
        await it.until(lambda: "bundle 0" in it.text or "wanted 1" in it.text)
        assert it.app.ui.opened


class Refusing(Many):
    """A list that cannot be read."""

    async def leaf(
        self, listing: ProofList, reach: Reach, near: ProofWindow | None = None
    ) -> Leaf[ViewRow]:
        await super().leaf(listing, reach, near)
        raise NoAnswer(what="the list is locked", where="reports", remedy="Wait.")


async def test_a_list_that_cannot_be_read_says_why_and_is_asked_for_once_a_look(
    tmp_path: Path,
) -> None:
    desk = ManyDesk(proved.FOUND)
    async with Client(build_app(desk)) as client:
        book = Refusing(client)
        app = Terminal(tmp_path, client, options=Options(look=themes.load("mono")), proof_book=book)
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "v")
            await it.until(lambda: "join" in it.text)
            await it.press("tab")
            await it.until(lambda: "the list is locked" in it.row23)
            seen = app.link.snapshot
            await it.until(lambda: app.link.snapshot is not seen)
            assert len(book.asked) <= 6


class OlderDesk(LiveDesk):
    """An engine that tells of no proof."""

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        raise WrongState(what=f"no {limit} proofs", where="ledger", remedy="Wait.")


async def test_proofs_that_cannot_be_read_are_unknown_on_home_and_said_on_verify(
    tmp_path: Path,
) -> None:
    desk = OlderDesk()
    desk.fixed = QUIET
    async with Client(build_app(desk)) as client:
        app = Terminal(tmp_path, client, options=Options(look=themes.load("mono")))
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: "4 validate    ? unknown" in it.text)
            await it.press("g", "v")
            await it.until(lambda: "no 20 proofs" in it.row23)


async def test_repair_shows_the_plan_and_carries_its_hash(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        await it.press("tab", "F")
        await it.settled()
        assert "repair: 19 differences of verify-15" in it.text
        assert "left alone: 300 not_copied, 40 source_moved" in it.text
        assert book.planned == [Repair(report="reports/verify-15")]
        await it.press("tab", "enter")
        assert book.done == []
        await it.press(*"photos", "enter")
        await it.until(lambda: "job 18 (repair): 19 differences" in it.row23)
        assert book.done == ["00000001"]


async def test_i8_a_plan_that_is_another_by_then_is_shown_anew_with_the_difference(
    tmp_path: Path,
) -> None:
    async with verify(tmp_path) as (it, book):
        book.changes = 1
        await it.press("F")
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: "it is another plan now: 00000001 was it" in it.text)
        assert it.app.ui.sheet is not None
        assert it.app.ui.sheet.typed == ""
        assert book.done == []
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: book.done)
        assert book.done == ["00000002"]


async def test_a_report_that_no_repair_ends_says_what_does(tmp_path: Path) -> None:
    async with verify(tmp_path) as (it, book):
        book.steps = ()
        await it.press("F")
        await it.until(lambda: "no repair ends these: 300 not_copied" in it.row23)
        assert it.app.ui.sheet is None


class SlowDesk(LiveDesk):
    """A plan that is made at the third look; `fails`: it cannot be made."""

    fails = False

    async def make_repair(self, request: wire_metadata.RepairRequest) -> RepairPlan:
        self.acts.append((request.report, request.unpin))
        return proved.plan(state="making", hash="", steps=(), seen=10)

    async def repair(self, number: int) -> RepairPlan:
        self.acts.append(("look", number))
        if len(self.acts) < 3:
            return proved.plan(state="making", hash="", steps=(), seen=20)
        if not self.fails:
            return proved.plan()
        body = wire.ErrorBody(code="x", what="a disk is gone", where="plan", remedy="Mend it.")
        return proved.plan(state="failed", hash="", error=body)


async def test_a_plan_that_takes_long_says_how_far_it_is() -> None:
    seen: list[int] = []
    desk = SlowDesk()
    async with Client(build_app(desk)) as client:
        asked_for = Repair(report="reports/check-17", unpin=(proved.ROOT,))
        plan = await ProofBook(client).plan(asked_for, "op1", seen.append)
    assert (plan.hash, seen) == ("7c1e09aa", [10, 20])
    assert desk.acts[0] == ("reports/check-17", (proved.ROOT,))


async def test_a_plan_that_cannot_be_made_says_why() -> None:
    desk = SlowDesk()
    desk.fails = True
    async with Client(build_app(desk)) as client:
        with pytest.raises(VgwmError, match="a disk is gone"):
            await ProofBook(client).plan(Repair(report="reports/check-17"), "op1")
