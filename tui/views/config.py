"""Config: what becomes of each key of the old configuration, why, and the files as they would be.

Secrets are marks: what stands here came from `vgwm config diff --json`, which holds none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from core import display
from tui.facts.window import scrolled
from tui.review import Pane
from tui.views.line import (
    EMPTY,
    WIDE,
    Line,
    Piece,
    Role,
    Size,
    beside,
    column,
    text,
    width_of,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.config import ConfigDiff, ConfigRow, ConfigText
    from tui.review import Conversion
    from tui.ui import Scene, Ui

_HEAD_ROWS: Final = 3
_FOOT_ROWS: Final = 1
_DETAIL_ROWS: Final = 5
_LEAST_PANE: Final = 46
_EXPLAINED: Final = frozenset({"same", "renamed", "derived", "new", "kept", "dropped"})
_MARKS: Final = {
    "same": ("=", Role.OK),
    "renamed": (">", Role.TEXT),
    "derived": (">", Role.TEXT),
    "new": ("+", Role.TEXT),
    "kept": ("=", Role.OK),
    "dropped": ("-", Role.DIM),
    "unknown": ("?", Role.UNKNOWN),
    "problem": ("x", Role.BAD),
}


def room(size: Size) -> int:
    """Return how many rows of the list a body of this size shows."""
    below = 0 if size.width >= WIDE else _DETAIL_ROWS + 1
    return max(1, size.height - _HEAD_ROWS - _FOOT_ROWS - below)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    diff = scene.config
    if diff is None:
        return _nothing(ui)
    head = [_counts(diff, size.width), _panes(ui)]
    foot = _verdict(diff)
    height = size.height - len(head) - _FOOT_ROWS
    match ui.conversion.pane:
        case Pane.KEYS:
            body = _keys(diff, ui, size)
        case Pane.TRIP:
            body = _trip(diff, ui, size)
        case pane:
            body = _texts(diff, pane, ui, size)
    return [*head, *body[:height], *([EMPTY] * (height - len(body))), foot]


def lines_of(diff: ConfigDiff, pane: Pane) -> int:
    """Return how many rows a pane has for the cursor."""
    match pane:
        case Pane.KEYS:
            return len(diff.rows)
        case Pane.TRIP:
            return len(diff.round_trip)
        case _:
            return max((len(file.lines) for file in _files(diff, pane)), default=0)


def _nothing(ui: Ui) -> list[Line]:
    if ui.conversion.files:
        return [EMPTY, text(" ...", Role.DIM)]
    return [
        EMPTY,
        text(" no configuration is under review"),
        EMPTY,
        (Piece(" /", Role.KEY), Piece("  names the old gateway's file, such as")),
        text("    /etc/versitygw.d/gateway.conf", Role.DIM),
        text("    nothing is written before B, and that shows its plan first", Role.DIM),
    ]


def _counts(diff: ConfigDiff, width: int) -> Line:
    """Return how many keys are explained; with fewer files' names where room is short."""
    line = _counted(diff, len(diff.files))
    return line if width_of(line) <= width else _counted(diff, 1)


def _counted(diff: ConfigDiff, files: int) -> Line:
    explained = sum(n for state, n in diff.counts.items() if state in _EXPLAINED)
    line: Line = (
        Piece(f" {column(_name(diff.old.path), 24).rstrip()} -> "),
        Piece(" + ".join(_name(file.path) for file in diff.files[:files])),
        Piece(f"   {display.count(len(diff.rows))} keys: {display.count(explained)} explained"),
    )
    for state, role in (("unknown", Role.UNKNOWN), ("problem", Role.BAD)):
        if n := diff.counts.get(state, 0):
            line = (*line, Piece(f"  {display.count(n)} {state}", role))
    return line


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _panes(ui: Ui) -> Line:
    pieces = [Piece(" ")]
    for pane in Pane:
        chosen = pane is ui.conversion.pane
        pieces.append(
            Piece(f"[{pane}]" if chosen else f" {pane} ", Role.KEY if chosen else Role.DIM)
        )
    decided = len(ui.conversion.decisions) // 2
    said = f"   {decided} decided by you" if decided else "   Tab next part"
    return (*pieces, Piece(said, Role.DIM))


def _verdict(diff: ConfigDiff) -> Line:
    problems = diff.counts.get("problem", 0)
    if problems:
        are = "problem" if problems == 1 else "problems"
        return text(f" {problems} {are}: nothing can be written yet", Role.BAD)
    if all(file.same for file in diff.files):
        return text(" everything stands as it would be written", Role.OK)
    return text(f" B writes it   plan {diff.hash}", Role.OK)


def _keys(diff: ConfigDiff, ui: Ui, size: Size) -> list[Line]:
    wide = size.width >= WIDE
    pane = max(_LEAST_PANE, size.width // 3) if wide else 0
    width = size.width - pane
    shown = room(size)
    top = scrolled(ui.top, ui.cursor, shown, len(diff.rows))
    lines: list[Line] = [_header(width)]
    for index, row in enumerate(diff.rows[top : top + shown], top):
        lines.append(_row(row, width, here=index == ui.cursor))
    if not diff.rows:
        return [*lines, text(" the file sets nothing", Role.DIM)]
    chosen = diff.rows[min(ui.cursor, len(diff.rows) - 1)]
    if ui.opened and not wide:
        return [lines[0], *_detail(chosen, size.width, ui.conversion)]
    if wide:
        return beside(
            lines, [EMPTY, *_detail(chosen, pane - 1, ui.conversion)], width + 1, size.height
        )
    return [*lines, EMPTY, *_detail(chosen, size.width, ui.conversion)[:_DETAIL_ROWS]]


def _widths(width: int) -> tuple[int, int, int, int]:
    """Return the cells of old key, old value, new path and why."""
    left = width - 13
    key, value, path = max(12, left * 28 // 100), max(14, left * 22 // 100), left * 28 // 100
    return key, value, path, max(0, left - key - value - path)


def _header(width: int) -> Line:
    key, value, path, why = _widths(width)
    heads = (("old key", key), ("old value", value), ("new path", path), ("why", why))
    cells = "".join(column(head, cells) for head, cells in heads)
    return text(f"   {'state':<10}{cells}"[: max(0, width)], Role.DIM)


def _row(row: ConfigRow, width: int, *, here: bool) -> Line:
    glyph, role = _MARKS.get(row.state, ("?", Role.UNKNOWN))
    if row.warn and role is not Role.BAD:
        glyph, role = "!", Role.WARN
    key, value, path, why = _widths(width)
    said = f"{row.near}?" if row.near else row.reason or row.rule
    if row.accepted:
        said = f"accepted: {said}"
    cells = (
        _cell(row.key or "-", key),
        _cell(row.value or "-", value),
        _cell(_tail(row.path or row.new_value or "-", path - 1), path),
        _cell(said, why),
    )
    return (
        Piece(" > " if here else "   ", Role.KEY),
        Piece(column(f"{glyph} {row.state}", 10), role),
        Piece("".join(cells)),
    )


def _tail(path: str, width: int) -> str:
    """Return a path by its end where it is too long: the beginnings are alike."""
    while cell_len(path) > width and "." in path.removeprefix(".."):
        path = f"..{path.removeprefix('..').partition('.')[2]}"
    return path


def _cell(value: str, width: int) -> str:
    """Return a cell that ends in a blank."""
    return column(value, width - 1) + " " if width > 1 else ""


def _detail(row: ConfigRow, width: int, conversion: Conversion) -> list[Line]:
    """Return all of one row, and what can be decided about it, or taken back."""
    old = f"{row.key} = {row.value}" if row.key else "not in the old file"
    at = f"   line {row.line}" if row.line is not None else ""
    new = f"{row.path} = {row.new_value}" if row.path else "nothing"
    told = [("old", old + at), ("new", new), ("rule", row.rule), ("why", row.reason)]
    if row.near:
        told.append(("near", f"{row.near}: did somebody mean that?"))
    can = {"accept": "A accepts it", "drop": "X drops it", "edit": "E gives it another value"}
    acts = ", ".join(word for act, word in can.items() if act in row.acts)
    made = conversion.decision(row.id, row.path)
    acts = f"{made} takes the decision back" if made else acts
    told.append(("do", acts or "nothing is to be decided"))
    lines: list[Line] = []
    for label, value in told:
        for n, part in enumerate(wrapped(value, max(10, width - 9)) if value else []):
            lines.append((Piece(f" {label if n == 0 else '':<6} ", Role.DIM), Piece(part)))
    return lines


def _files(diff: ConfigDiff, pane: Pane) -> list[ConfigText]:
    kinds = {"env"} if pane is Pane.ENV else {"yaml", "vgwm.yaml"}
    return [file for file in diff.files if file.kind in kinds]


def _texts(diff: ConfigDiff, pane: Pane, ui: Ui, size: Size) -> list[Line]:
    """Return the files of a pane; beside the old one where there is room."""
    lines: list[Line] = []
    wide = size.width >= WIDE
    width = size.width // 2 if wide else size.width
    for file in _files(diff, pane):
        lines.append(_file_head(file))
        lines += _numbered(file.lines, _top(file, ui, size), width)
    if not lines:
        lines = [text(" no such file is made", Role.DIM)]
    if not wide:
        return lines
    top = _top(diff.old, ui, size)
    old = [_file_head(diff.old), *_numbered(diff.old.lines, top, width)]
    return beside(old, lines, width, size.height)


def _top(file: ConfigText, ui: Ui, size: Size) -> int:
    """Return the first line shown: the last ones fill the room."""
    return min(ui.cursor, max(0, len(file.lines) - (size.height - _HEAD_ROWS - _FOOT_ROWS)))


def _numbered(lines: Sequence[str], top: int, width: int) -> list[Line]:
    return [
        (Piece(f" {number:>4}  ", Role.DIM), Piece(column(value, max(1, width - 8)).rstrip()))
        for number, value in enumerate(lines[top:], top + 1)
    ]


def _file_head(file: ConfigText) -> Line:
    state = "the same" if file.same else "replaced, a backup is kept" if file.exists else "new"
    if file.kind == "old":
        state = "as it is"
    mode = f"  mode {file.mode}" if file.mode else ""
    name = file.path.rpartition("/")[2]
    return (
        Piece(f" {name}", Role.TITLE),
        Piece(f"   {state}{mode}   {file.path}", Role.DIM),
    )


def _trip(diff: ConfigDiff, ui: Ui, size: Size) -> list[Line]:
    """Return what was tried of the round trip."""
    lines: list[Line] = [text(f"   {'state':<10}{'tried':<28}evidence", Role.DIM)]
    for index, proof in enumerate(diff.round_trip):
        passed = proof.state == "pass"
        lines.append(
            (
                Piece(" > " if index == ui.cursor else "   ", Role.KEY),
                Piece(column(f"{'=' if passed else 'x'} {proof.state}", 10), _role(passed=passed)),
                Piece(column(proof.name, 28)),
                Piece(column(proof.evidence, max(1, size.width - 42)).rstrip()),
            )
        )
    return lines


def _role(*, passed: bool) -> Role:
    return Role.OK if passed else Role.BAD
