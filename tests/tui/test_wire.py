"""The writer: few bytes, the same screen; installed only over the Textual that it knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tui.terminal import upstream, wire
from tui.terminal.wire import PLAIN, Sgr

STANDARD = ColorSystem.STANDARD


def test_textual_is_the_one_that_was_overridden() -> None:
    for pin in (*upstream.WRITER, *upstream.OVERRIDDEN):
        assert upstream.digest_of(pin.function) == pin.digest, pin.name


def test_another_textual_keeps_its_own_writer() -> None:
    pins = [upstream.Pin("x", test_textual_is_the_one_that_was_overridden, "0" * 16)]
    assert not upstream.is_known(pins)


def test_a_blank_tail_at_the_edge_is_erased() -> None:
    segments = [Segment("ab", Style(color="red")), Segment(" " * 70, Style(color="green"))]
    assert wire.row(segments, STANDARD, to_edge=True) == "\x1b[31mab\x1b[m\x1b[K"


def test_a_blank_tail_inside_a_row_is_written() -> None:
    assert wire.row([Segment("ab     ")], STANDARD, to_edge=False) == "ab     "


def test_a_coloured_or_reverse_tail_is_never_erased() -> None:
    for style in (Style(bgcolor="blue"), Style(reverse=True), Style(underline=True)):
        assert "\x1b[K" not in wire.row([Segment(" " * 20, style)], STANDARD, to_edge=True)


def test_the_terminals_own_colours_cost_no_code() -> None:
    style = Style(color="default", bgcolor="default")
    assert wire.sgr(style, STANDARD) == PLAIN
    assert wire.cost_bytes(style, STANDARD) == 0


def test_blanks_take_the_colour_that_is_on() -> None:
    segments = [Segment("a", Style(color="red")), Segment(" "), Segment("b", Style(color="red"))]
    assert wire.row(segments, STANDARD, to_edge=False) == "\x1b[31ma b\x1b[m"


COLOURS = st.sampled_from(["", "31", "32", "38;2;1;2;3"])
SGRS = st.builds(
    Sgr,
    st.lists(st.sampled_from(["1", "2", "4", "7"]), unique=True).map(lambda x: tuple(sorted(x))),
    COLOURS,
    st.sampled_from(["", "44", "48;2;9;9;9"]),
)


def applied(state: Sgr, sequence: str) -> Sgr:
    """What a terminal has after a sequence of "select graphic rendition"."""
    if not sequence:
        return state
    codes = sequence.removeprefix("\x1b[").removesuffix("m")
    attributes, colour, background = set(state.attributes), state.colour, state.background
    parts = codes.split(";")
    while parts:
        code = parts.pop(0)
        if code in {"", "0"}:
            attributes, colour, background = set(), "", ""
        elif code in {"38", "48"}:
            value = ";".join([code, *(parts.pop(0) for _ in range(4))])
            colour, background = (value, background) if code == "38" else (colour, value)
        elif code.startswith("3"):
            colour = code
        elif code.startswith("4") and len(code) == 2:
            background = code
        else:
            attributes.add(code)
    return Sgr(tuple(sorted(attributes)), colour, background)


@given(SGRS, SGRS)
def test_a_change_leads_to_the_style_from_any_other(now: Sgr, then: Sgr) -> None:
    sequence = wire.change(now, then)
    assert applied(now, sequence) == then
    assert (sequence == "") == (now == then)


def test_textual_is_not_imported_by_the_command_line() -> None:
    code = "import sys, tui.main; sys.exit(any(m in sys.modules for m in ('textual', 'rich')))"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0  # noqa: S603 - our own code
