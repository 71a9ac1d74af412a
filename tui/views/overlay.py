"""What lies over a screen: the sheet of an act, and an error with what, where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.views.line import EMPTY, Line, Piece, Role, text

if TYPE_CHECKING:
    from core.control.wire import ErrorBody
    from tui.ui import Sheet


def _rule(width: int) -> Line:
    return text(" " + "-" * (width - 2), Role.DIM)


def sheet_box(sheet: Sheet, width: int) -> list[Line]:
    """Return the sheet's rows: title, exact command, effects, then two buttons or a field."""
    lines = [
        _rule(width),
        text(f" {sheet.title}", Role.TITLE),
        (Piece(" runs   ", Role.DIM), Piece(sheet.command)),
        *(
            (Piece("        " if n else " does   ", Role.DIM), Piece(effect))
            for n, effect in enumerate(sheet.effects)
        ),
        EMPTY,
    ]
    if sheet.word:
        return [*lines, _word(sheet)]
    cancel = Piece("[ Cancel ]", Role.TEXT if sheet.on_run else Role.CURSOR)
    run = Piece("[ Run ]", Role.CURSOR if sheet.on_run else Role.TEXT)
    return [*lines, (Piece("        "), cancel, Piece("   "), run)]


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


def error_box(error: ErrorBody, width: int) -> list[Line]:
    """Return an error as stderr says it: what, where, what to do."""
    return [
        _rule(width),
        (Piece(" x error  ", Role.BAD), Piece(error.what)),
        (Piece(" where    ", Role.DIM), Piece(error.where)),
        (Piece(" do       ", Role.DIM), Piece(error.remedy)),
        text("          y copies it, Esc closes it", Role.DIM),
    ]
