"""The rows of an assessment as a list: which are shown, in what order, and what a filter means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import found, stage
from tui.acts import effects
from tui.acts import pressing as acts
from tui.facts.checklist import Fold, Kind, Pane, Wanted, kind_of, parse_wanted, rows
from tui.keys import Keymap
from tui.linked import Link, LinkState
from tui.screen import Name

if TYPE_CHECKING:
    from core.control.wire import checks as wire_checks


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("", None, ""),
        ("fail", Kind.FAIL, ""),
        ("w", Kind.WARN, ""),
        ("not asked", Kind.IDLE, ""),
        ("unk kubo", Kind.UNKNOWN, "kubo"),
        ("kubo-2", None, "kubo-2"),
        ("no answer", None, "no answer"),
    ],
)
def test_a_filter_is_a_state_and_a_part_of_the_text(
    typed: str, kind: Kind | None, text: str
) -> None:
    assert parse_wanted(typed, Pane.CHECKS) == Wanted(kind=kind, text=text)


def test_i7_a_state_of_a_newer_engine_is_unknown_never_passed() -> None:
    assert kind_of(found.check("x", "splendid")) is Kind.UNKNOWN


def test_without_an_engine_b_starts_it_and_shows_no_sheet() -> None:
    shown = stage.ui(Name.ASSESS, link=Link(state=LinkState.GONE, age_s=3.0))
    scene = stage.scene(stage.snapshot(), checks=found.ASSESSED)
    step = acts.press(shown, acts.Press("B", 0.0), scene, Keymap())
    assert step.effect == effects.StartEngine()
    assert step.ui.sheet is None


CHECKS = st.lists(
    st.builds(
        lambda place, state, measured, asked: found.check(
            f"check{place}", state, measured_ns=measured, asked=asked
        ),
        st.integers(0, 99),
        st.sampled_from(["pass", "warn", "fail", "unknown", "splendid"]),
        st.sampled_from([None, stage.NOON_NS]),
        st.booleans(),
    ),
    unique_by=lambda check: check.id,
    max_size=20,
)


@given(CHECKS)
def test_every_row_is_listed_once_or_counted_in_a_fold_the_worst_first(
    checks: list[wire_checks.Check],
) -> None:
    listed = rows(found.checks(*checks), Wanted())
    folded = sum(row.checks for row in listed if isinstance(row, Fold))
    shown = [row for row in listed if not isinstance(row, Fold)]
    assert folded + len(shown) == len(checks)
    kinds = [list(Kind).index(kind_of(row)) for row in shown]
    assert kinds == sorted(kinds)
    for kind in Kind:
        only = rows(found.checks(*checks), Wanted(kind=kind))
        assert len(only) == sum(kind_of(check) is kind for check in checks)
