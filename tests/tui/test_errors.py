"""The Errors screen: a million rows behind a window, filters, details, and acts that plan first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control.client import Client
from core.control.server import build_app
from core.control.wire import state as wire
from core.errors import NoAnswer
from tests.tui import stage
from tests.tui.engine import LiveDesk
from tests.tui.million import MILLION, Million, failure
from tests.tui.test_app import Driven
from tui.app import Terminal
from tui.facts.book import Book
from tui.facts.listing import Filter, Listing, parse_filter
from tui.facts.pager import Pager
from tui.facts.window import Leaf, Reach, scrolled, wanted
from tui.options import Options
from tui.screen import Name
from tui.terminal import themes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control.wire import failures as wire_failures
    from tui.facts.listing import FailureWindow, Row

ROOM = 11
"""Rows of the list at 80x24."""


@contextlib.asynccontextmanager
async def errors(
    path: Path, total: int = MILLION, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Driven, Million]]:
    desk = LiveDesk()
    desk.fixed = stage.snapshot()
    async with Client(build_app(desk)) as client:
        book = Million(client, total)
        app = Terminal(path, client, options=Options(look=themes.load("mono")), book=book)
        async with app.run_test(size=size) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "e")
            await it.until(lambda: "2024/0000000.jpg" in it.text)
            yield it, book


async def test_end_of_a_million_rows_is_one_request_of_a_window(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, book):
        before = len(book.asked)
        await it.press("end")
        await it.until(lambda: "2024/0999999.jpg" in it.text)
        assert "row 1,000,000 of 1,000,000" in it.text
        assert len(book.asked) - before <= 2
        assert book.fetched <= 3 * 3 * ROOM


async def test_a_walk_through_the_list_fetches_each_row_a_bounded_number_of_times(
    tmp_path: Path,
) -> None:
    async with errors(tmp_path) as (it, book):
        for page in range(1, 12):
            await it.press("pagedown")
            await it.until(lambda page=page: f"{page * ROOM:07}.jpg" in it.text)  # type: ignore[misc]  # bound now
        walked = 12 * ROOM
        assert book.fetched <= 4 * walked
        await it.press("home")
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        assert all(reach.ends - reach.begins <= 3 * ROOM for reach in book.asked)


async def test_a_held_key_keeps_up_and_stays_within_the_list(tmp_path: Path) -> None:
    async with errors(tmp_path, total=20) as (it, book):
        await it.press(*["j"] * 24)
        await it.until(lambda: "row 20 of 20" in it.text)
        assert it.app.ui.cursor == 19
        assert book.fetched <= 6 * 3 * ROOM


async def test_a_list_that_became_shorter_keeps_the_cursor_in_it(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, book):
        await it.press("end")
        await it.until(lambda: "2024/0999999.jpg" in it.text)
        book.total = 5
        it.desk.fixed = stage.snapshot(totals=stage.totals(failed=5))
        await it.until(lambda: "row 5 of 5" in it.text)
        await it.until(lambda: "2024/0000004.jpg" in it.text)


class Short(Million):
    """A list that counts more rows than it has."""

    async def leaf(
        self, listing: Listing, reach: Reach, near: FailureWindow | None = None
    ) -> Leaf[Row]:
        found = await super().leaf(listing, reach, near)
        return found._replace(rows=found.rows[:5])


async def test_rows_that_are_counted_and_not_there_are_asked_for_once_a_look() -> None:
    async with Client(build_app(LiveDesk())) as client:
        book = Short(client)
        pager = Pager(book)
        for _ in range(2):
            while pager.show(Listing(), 0, ROOM):
                await pager.fetch()
            assert pager.misses(Listing(), 0, ROOM)
            pager.look()
        assert len(book.asked) == 2


class Refusing(Million):
    """A list that cannot be read."""

    async def leaf(
        self, listing: Listing, reach: Reach, near: FailureWindow | None = None
    ) -> Leaf[Row]:
        await super().leaf(listing, reach, near)
        raise NoAnswer(what="the list is locked", where="ledger", remedy="Wait.")


async def test_a_list_that_cannot_be_read_says_why_and_is_asked_for_once_a_look(
    tmp_path: Path,
) -> None:
    desk = LiveDesk()
    desk.fixed = stage.snapshot()
    async with Client(build_app(desk)) as client:
        book = Refusing(client)
        app = Terminal(tmp_path, client, options=Options(look=themes.load("mono")), book=book)
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "e")
            await it.until(lambda: "the list is locked" in it.row23)
            seen = app.link.snapshot
            await it.until(lambda: app.link.snapshot is not seen)
            assert len(book.asked) <= 6


async def test_the_cursor_stays_on_its_row_when_others_before_it_are_mended(tmp_path: Path) -> None:
    async with errors(tmp_path, total=40) as (it, book):
        await it.press("j", "j", "j", "j", "enter")
        await it.until(lambda: "permission denied on number 4" in it.text)
        book.gone, book.total = 3, 37
        it.desk.fixed = stage.snapshot(totals=stage.totals(failed=9))
        await it.until(lambda: "row 2 of 37" in it.text)
        assert "permission denied on number 4" in it.text
        book.gone, book.total = 5, 35
        it.desk.fixed = stage.snapshot(totals=stage.totals(failed=7))
        await it.until(lambda: "row 2 of 35" in it.text)
        assert not it.app.ui.opened  # an act would take another object than the one read


async def test_nothing_is_fetched_while_nothing_moves(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, book):
        before = len(book.asked)
        seen = it.app.link.snapshot
        await it.until(lambda: it.app.link.snapshot is not seen)
        await it.pilot.pause()
        assert len(book.asked) == before


async def test_enter_shows_all_of_a_row_and_escape_returns(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, _):
        await it.press("j", "enter")
        await it.until(lambda: "T and S take this object alone" in it.text)
        assert "bundle 0" in it.text
        assert "tried 2 times" in it.text
        await it.press("escape")
        await it.until(lambda: "2024/0000003.jpg" in it.text)
        assert it.app.ui.screen is Name.ERRORS


async def test_the_cursor_stays_on_the_screen_through_every_size(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, _):
        await it.press("end")
        await it.until(lambda: "2024/0999999.jpg" in it.text)
        for size in ((200, 50), (60, 14), (40, 10), (120, 40), (80, 24)):
            await it.pilot.resize_terminal(*size)
            await it.until(lambda size=size: tuple(it.app.panel.shown.size) == size)  # type: ignore[misc]  # bound now
            await it.until(lambda: " > 1,000,000 " in it.text and "..." not in it.text)


async def test_a_wide_screen_shows_the_row_beside_the_list(tmp_path: Path) -> None:
    async with errors(tmp_path, size=(200, 50)) as (it, _):
        await it.press("j", "j")
        await it.until(lambda: "permission denied on number 2" in it.text)
        assert "2024/0000040.jpg" in it.text


async def test_slash_filters_and_escape_lets_go(tmp_path: Path) -> None:
    async with errors(tmp_path) as (it, book):
        await it.press("/", *"class:denied", "space", *"photos/2024", "enter")
        await it.until(lambda: "only class:denied photos/2024" in it.text)
        assert it.app.ui.listing.filter == Filter(code="denied", prefix="photos/2024")
        await it.until(lambda: "2024/0000000.jpg" in it.text)
        await it.press("n", "n")
        assert it.app.ui.cursor == 2
        await it.press("escape")
        assert it.app.ui.listing.filter == Filter()
        assert it.app.ui.screen is Name.ERRORS
        assert book.asked[-1] == wanted(0, ROOM)


class MovedDesk(LiveDesk):
    """A list of 300 failures in which a cursor leads nowhere any more."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        by_place = query.at is not None
        self.asked.append("place" if by_place else "cursor")
        begins = query.at or 0
        ends = min(300, begins + query.limit) if by_place else begins
        rows = [failure(place) for place in range(begins, ends)]
        return wire.Failures(failures=rows, total=300, as_of_ns=stage.NOON_NS)


async def test_rows_beside_a_row_that_is_gone_are_asked_for_by_their_place() -> None:
    near = stage.window(
        [msgspec.structs.replace(failure(place), cursor="x") for place in range(100, 130)],
        begins=100,
        total=300,
    )
    desk = MovedDesk()
    async with Client(build_app(desk)) as client:
        leaf = await Book(client).leaf(Listing(), Reach(110, 140), near)
    assert desk.asked == ["cursor", "place"]
    assert list(leaf.rows) == [failure(place) for place in range(110, 140)]


@given(
    top=st.integers(0, 2_000_000),
    cursor=st.integers(0, 999_999),
    room=st.integers(1, 80),
    total=st.integers(1, 1_000_000),
)
def test_the_cursor_is_always_among_the_rows_shown(
    top: int, cursor: int, room: int, total: int
) -> None:
    cursor = min(cursor, total - 1)
    found = scrolled(top, cursor, room, total)
    assert 0 <= found <= cursor < found + room
    assert found == 0 or found + room <= total


@pytest.mark.parametrize(
    ("typed", "wanted_"),
    [
        ("", Filter()),
        ("photos/2024", Filter(prefix="photos/2024")),
        ("denied", Filter(code="denied")),
        ("class:denied photos/a b", Filter(code="denied", prefix="photos/a b")),
        ("phase:read class:x", Filter(code="x", phase="read")),
        ("photos/denied", Filter(prefix="photos/denied")),
    ],
)
def test_a_filter_is_read_as_it_is_typed(typed: str, wanted_: Filter) -> None:
    assert parse_filter(typed, {"denied"}) == wanted_
    assert parse_filter(wanted_.typed, {"denied"}) == wanted_


def test_a_window_is_the_screen_and_a_page_each_way() -> None:
    assert wanted(100, 10) == Reach(90, 120)
    assert wanted(4, 10) == Reach(0, 24)
