"""What lies over a screen: the sheet of an act, and an error with what, where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import chop_cells

from tui.views.line import EMPTY, Line, Piece, Role, Size, text, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.state import ErrorBody
    from tui.ui import Output, Sheet


_ANSWER_ROWS = 2


def _rule(width: int) -> Line:
    return text(" " + "-" * (width - 2), Role.DIM)


def sheet_box(sheet: Sheet, width: int) -> list[Line]:
    """Return the sheet's rows: title, exact command, effects, then two buttons or a field."""
    lines = [
        _rule(width),
        text(f" {sheet.title}", Role.TITLE),
        *_labelled("runs", wrapped(sheet.command, width - 9)),
        *_labelled("does", [row for one in sheet.effects for row in wrapped(one, width - 8)]),
        EMPTY,
    ]
    if sheet.word:
        return [*lines, _word(sheet)]
    cancel = Piece("[ Cancel ]", Role.TEXT if sheet.on_run else Role.CURSOR)
    run = Piece("[ Run ]", Role.CURSOR if sheet.on_run else Role.TEXT)
    return [*lines, (Piece("        "), cancel, Piece("   "), run)]


def shortened(box: list[Line], height: int) -> list[Line]:
    """Return a sheet in a height: what it begins with, and where it is answered."""
    if len(box) <= height:
        return box
    end = box[-_ANSWER_ROWS:]
    kept = max(0, height - len(end) - 1)
    left = len(box) - kept - len(end)
    return [
        *box[:kept],
        text(f"        .. {left} rows more: the command shows them", Role.DIM),
        *end,
    ]


def _labelled(label: str, rows: Sequence[str]) -> list[Line]:
    return [
        (Piece(" " * 8 if n else f" {label:<7}", Role.DIM), Piece(row))
        for n, row in enumerate(rows)
    ]


def _word(sheet: Sheet) -> Line:
    """Return the field in which the word is typed."""
    wrong = Piece("   that is another word", Role.BAD) if sheet.wrong else Piece("")
    return (
        Piece(" type   ", Role.DIM),
        Piece(f"{sheet.word}, then Enter:  ", Role.WARN),
        Piece(sheet.typed),
        Piece("_", Role.CURSOR),
        wrong,
    )


def output_page(output: Output, size: Size) -> list[Line]:
    """Return what a command line wrote, in place of a screen's body."""
    rows: list[Line] = []
    ends = output.top
    while ends < len(output.lines) and len(rows) < size.height - 2:
        written = chop_cells(output.lines[ends], size.width - 1) or [""]
        rows += [text(f" {part}") for part in written]
        ends += 1
    state = _ended(output)
    shown = f"   lines {output.top + 1}..{ends} of {len(output.lines)}" if output.lines else ""
    head = (Piece(f" vgwm {output.typed}   ", Role.TITLE), state, Piece(shown, Role.DIM))
    return [
        head,
        text("   arrows scroll, Esc closes it, : runs another", Role.DIM),
        *rows,
    ]


def _ended(output: Output) -> Piece:
    """Return how it ended; exit codes are those of any command line."""
    match output.ended:
        case None:
            return Piece("> running", Role.OK)
        case "":
            return Piece(f"exit {output.code}", Role.OK if output.code == 0 else Role.WARN)
        case why:
            return Piece(f"! {why}", Role.WARN)


def error_box(error: ErrorBody, width: int) -> list[Line]:
    """Return an error as stderr says it: what, where, what to do."""
    return [
        _rule(width),
        (Piece(" x error  ", Role.BAD), Piece(error.what)),
        (Piece(" where    ", Role.DIM), Piece(error.where)),
        (Piece(" do       ", Role.DIM), Piece(error.remedy)),
        text("          y copies it, Esc closes it", Role.DIM),
    ]
