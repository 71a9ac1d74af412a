"""The grid: spans cover every change, cut no wide character, and cost at most what they say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.terminal.governor import Governor
from tui.terminal.grid import JOIN_CELLS, Grid, Span, changes
from tui.views.line import Piece, Role, Size

SIZE = Size(24, 4)
TEXTS = st.text("ab 漢字é日 ", max_size=30)
LINES = st.lists(
    st.lists(st.builds(Piece, TEXTS, st.sampled_from(Role)), max_size=4).map(tuple), max_size=6
)


@given(LINES, LINES)
def test_taking_the_changes_makes_the_shown_grid_the_wanted_one(
    old: list[tuple[Piece, ...]], new: list[tuple[Piece, ...]]
) -> None:
    shown, wanted = Grid.of(old, SIZE), Grid.of(new, SIZE)
    shown.take(wanted, changes(shown, wanted, {}))
    assert shown.rows == wanted.rows


@given(LINES, LINES, st.data())
def test_no_span_cuts_a_wide_character(
    old: list[tuple[Piece, ...]], new: list[tuple[Piece, ...]], data: st.DataObject
) -> None:
    shown, wanted = Grid.of(old, SIZE), Grid.of(new, SIZE)
    spans = changes(shown, wanted, {})
    if spans:
        some = data.draw(st.lists(st.sampled_from(spans), unique=True))
        shown.take(wanted, some)
    for row in shown.rows:
        assert row[0][0] != ""
        for (text, _), (after, _) in pairwise(row):
            if after == "":
                assert text in set("漢字日")
        wide = [x for x, (text, _) in enumerate(row) if text in set("漢字日")]
        assert all(row[x + 1][0] == "" for x in wide)


@given(LINES)
def test_every_row_has_exactly_the_width(lines: list[tuple[Piece, ...]]) -> None:
    grid = Grid.of(lines, SIZE)
    assert [len(row) for row in grid.rows] == [SIZE.width] * SIZE.height


def test_near_changes_are_one_span_and_far_ones_two() -> None:
    def spans(gap: int) -> list[Span]:
        line = (Piece("x" + " " * (gap - 1) + "x"),)
        return changes(Grid(Size(60, 1)), Grid.of([line], Size(60, 1)), {})

    assert [(span.start, span.end) for span in spans(JOIN_CELLS)] == [(0, JOIN_CELLS + 1)]
    assert len(spans(JOIN_CELLS + 1)) == 2


def _rows(count: int, price: int) -> list[Span]:
    return [Span(y, 0, 10, price) for y in range(count)]


def test_governor_takes_title_totals_and_footer_first() -> None:
    taken = Governor(1_100).take(_rows(24, 100), 24, 0.0)
    assert [span.y for span in taken] == [0, 1, 2, 3, 4, 5, 6, 7, 22, 23]


def test_governor_lets_no_row_starve() -> None:
    governor = Governor(1_300)
    seen: set[int] = set()
    for second in range(10):
        seen |= {span.y for span in governor.take(_rows(24, 100), 24, second * 1.02)}
    assert seen == set(range(24))


def test_governor_keeps_every_second_within_its_budget() -> None:
    governor = Governor(1_800)
    spent: list[tuple[float, int]] = []
    for tenth in range(100):
        now_s = tenth / 10
        taken = governor.take(_rows(24, 70), 24, now_s)
        spent.append((now_s, sum(span.price_bytes for span in taken)))
    for now_s, _ in spent:
        assert sum(size for at_s, size in spent if now_s <= at_s < now_s + 0.999) <= 1_800


def test_what_a_key_asked_for_is_charged_to_the_seconds_after() -> None:
    governor = Governor(1_800)
    governor.charge(_rows(24, 100), 0.0)
    assert governor.take(_rows(24, 100), 24, 0.5) == []
    assert governor.take(_rows(24, 100), 24, 1.1) != []
