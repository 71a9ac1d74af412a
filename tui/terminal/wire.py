"""How a change of the screen is written to the terminal: few bytes.

Textual cuts a changed region on the right only, so one changed cell rewrites its row from the
widget's left edge; it also closes each run of text with a reset. Here the cursor goes to the first
changed cell, both sides are cut, a style is written only where it changes something that can be
seen, and a blank tail becomes "erase to the end of the line".

`install` replaces two methods of Textual's compositor, but only if their source is the one that
this was written for (`tui/terminal/upstream.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate

from tui.terminal import upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console
    from rich.segment import Segment
    from rich.style import Style
    from textual.strip import Strip

ERASE = "\x1b[K"
RESET = "\x1b[m"
_ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
_INK_ON_BLANKS = frozenset({"4", "7", "9"})  # underline, reverse, strike: seen on a blank too


class Sgr(NamedTuple):
    """A style as codes of "select graphic rendition"; empty strings are the terminal's own."""

    attributes: tuple[str, ...] = ()
    colour: str = ""
    background: str = ""

    @property
    def blank_is_blank(self) -> bool:
        """Whether a blank in this style looks like one in the terminal's own."""
        return not self.background and _INK_ON_BLANKS.isdisjoint(self.attributes)


PLAIN = Sgr()


@lru_cache(maxsize=1024)
def sgr(style: Style | None, colours: ColorSystem) -> Sgr:
    """Return a style's codes in a colour system; the terminal's default colour is no code."""
    if style is None:
        return PLAIN
    flags = (
        style.bold,
        style.dim,
        style.italic,
        style.underline,
        style.blink,
        style.blink2,
        style.reverse,
        style.conceal,
        style.strike,
    )
    attributes = tuple(code for code, flag in zip(_ATTRIBUTES, flags, strict=True) if flag)
    colour = background = ""
    if style.color is not None and not style.color.is_default:
        colour = ";".join(style.color.downgrade(colours).get_ansi_codes(foreground=True))
    if style.bgcolor is not None and not style.bgcolor.is_default:
        background = ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False))
    return Sgr(attributes, colour, background)


def change(now: Sgr, then: Sgr) -> str:
    """Return the shortest sequence from one style to another."""
    if now == then:
        return ""
    if then == PLAIN:
        return RESET
    codes: list[str] = []
    kept = set(now.attributes) <= set(then.attributes)
    if not kept or (now.colour and not then.colour) or (now.background and not then.background):
        codes.append("0")
        now = PLAIN
    codes.extend(code for code in then.attributes if code not in now.attributes)
    if then.colour != now.colour:
        codes.append(then.colour)
    if then.background != now.background:
        codes.append(then.background)
    return f"\x1b[{';'.join(codes)}m"


def _move(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


def _runs(segments: Iterable[Segment], colours: ColorSystem) -> list[tuple[str, Sgr]]:
    """Return text and style, neighbours of one style joined; blanks take their neighbour's."""
    runs: list[tuple[str, Sgr]] = []
    for text, style, control in segments:
        if control or not text:
            continue
        codes = sgr(style, colours)
        last = runs[-1] if runs else None
        if last is not None:
            same = codes == last[1]
            unseen = text.isspace() and codes.blank_is_blank and last[1].blank_is_blank
            if same or unseen:
                runs[-1] = (last[0] + text, last[1])
                continue
        runs.append((text, codes))
    return runs


def row(segments: Iterable[Segment], colours: ColorSystem, *, to_edge: bool) -> str:
    """Return what writes these segments at the cursor.

    to_edge: the segments end at the screen's right edge, so a blank tail may be erased instead.
    """
    runs = _runs(segments, colours)
    erase = False
    if to_edge and runs and runs[-1][1].blank_is_blank:
        text, codes = runs[-1]
        kept = text.rstrip(" ")
        erase = len(text) - len(kept) > len(ERASE)
        if erase:
            runs[-1] = (kept, codes)
    out: list[str] = []
    now = PLAIN
    for text, codes in runs:
        if text:
            out += (change(now, codes), text)
            now = codes
    out.append(change(now, PLAIN))
    if erase:
        out.append(ERASE)
    return "".join(out)


def cost_bytes(style: Style, colours: ColorSystem) -> int:
    """Return what changing to a style and back costs, at most."""
    codes = sgr(style, colours)
    return 0 if codes == PLAIN else len(change(PLAIN, codes)) + len("0;") + len(RESET)


def colours_of(console: Console) -> ColorSystem:
    """Return how many colours the terminal has."""
    # The attribute and not the property: `color_system` is a name, this is what Textual uses too.
    system: ColorSystem | None = console._color_system  # noqa: SLF001 - as in Textual's own writer
    return system if system is not None else ColorSystem.TRUECOLOR


def _cut(line: Mapping[int, Strip | None], start: int, end: int) -> Iterable[tuple[int, Strip]]:
    """Yield what the line's strips have within start..end, with its column, from left to right."""
    for x, strip in line.items():
        if strip is None:
            continue
        left, right = max(start, x), min(end, x + strip.cell_length)
        if left < right:
            yield left, strip.crop(left - x, right - x)


def render_chops(self: ChopsUpdate, console: Console) -> str:
    """Replace `ChopsUpdate.render_segments`: each span, cut on both sides."""
    colours = colours_of(console)
    out: list[str] = []
    for y, start, end in self.spans:
        width = self.chop_ends[y][-1]
        after = -1
        segments: list[Segment] = []
        for x, strip in _cut(self.chops[y], start, min(end, width)):
            if x != after:
                out += (row(segments, colours, to_edge=False), _move(x, y))
                segments = []
            segments.extend(strip)
            after = x + strip.cell_length
        out.append(row(segments, colours, to_edge=after == width))
    return "".join(out)


def render_layout(self: LayoutUpdate, console: Console) -> str:
    """Replace `LayoutUpdate.render_segments`: the whole screen, row by row."""
    colours = colours_of(console)
    out: list[str] = []
    for y, strips in enumerate(self.strips, self.region.y):
        segments = [segment for strip in strips for segment in strip]
        out += (_move(self.region.x, y), row(segments, colours, to_edge=True))
    return "".join(out)


def install() -> bool:
    """Replace Textual's writer; return False, and leave it alone, if it is not the known one."""
    if not upstream.is_known(upstream.WRITER):
        return False
    # Assigned by name: mypy forbids it by type, and the replacement is the purpose.
    setattr(ChopsUpdate, "render_segments", render_chops)  # noqa: B010 - see above
    setattr(LayoutUpdate, "render_segments", render_layout)  # noqa: B010 - see above
    return True
