"""The frame of every screen: title, risk, body, messages, keys. `draw` is the one way to a screen.

Row 1 title; row 2 risk, empty before a cutover; body; next to last messages and prompt; last keys.
 Below 40x10 one line says the state, the percentage and the ETA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from core import display
from core.control.fact import State
from core.control.facts import eta_fact
from tui.acts.steering import other_holder
from tui.linked import LinkState
from tui.screen import Name
from tui.views import (
    assess,
    cluster,
    config,
    cutover_beside,
    errors,
    guide,
    home,
    iam,
    log,
    migrate,
    plan,
    risk,
    rollback,
    verify,
)
from tui.views.foot import keys_row, message_row
from tui.views.line import (
    EMPTY,
    Line,
    Piece,
    Role,
    Size,
    column,
    fitted,
    in_ascii,
    plain,
    right,
    text,
    width_of,
)
from tui.views.overlay import error_box, output_page, sheet_box, shortened
from tui.views.replayed import mark
from tui.views.words import done_percent, standing, stands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.keys import Keymap
    from tui.linked import Link
    from tui.ui import Scene, Ui

    Body = Callable[[Scene, Ui, Size], list[Line]]

LEAST = Size(40, 10)
"""Below this one line is left, and no room for a question."""
_NARROW = 60

BODIES: Mapping[Name, Body] = {
    Name.HOME: home.view,
    Name.ASSESS: assess.view,
    Name.CONFIG: config.view,
    Name.IAM: iam.view,
    Name.PLAN: plan.view,
    Name.MIGRATE: migrate.view,
    Name.ERRORS: errors.view,
    Name.VERIFY: verify.view,
    Name.CUTOVER: cutover_beside.view,
    Name.ROLLBACK: rollback.view,
    Name.CLUSTER: cluster.view,
    Name.LOG: log.view,
}


def draw(scene: Scene, ui: Ui, size: Size, keymap: Keymap) -> list[Line]:
    """Return the whole screen: exactly size.height lines, none wider than the screen asks for."""
    if is_tiny(size):
        return [_one_line(scene, ui), *([EMPTY] * (size.height - 1))]
    room = body_size(size)
    if ui.output is not None:
        body = output_page(ui.output, room)
    elif ui.screen is Name.HELP:
        body = guide.view(ui, room, keymap)
    else:
        body = BODIES[ui.screen](scene, ui, room) or _nothing_yet(scene, ui)
    body = [*body[: room.height], *([EMPTY] * (room.height - len(body)))]
    box = sheet_box(ui.sheet, size.width) if ui.sheet is not None else []
    box = shortened(box, room.height)
    if ui.error is not None:
        box = error_box(ui.error, size.width)
    if box:
        box = box[-room.height :]
        body = [*body[: room.height - len(box)], *box]
    rows = [
        _title(scene, ui, size.width),
        risk.row(scene.risk),
        *body,
        message_row(scene, ui, size.width),
        keys_row(scene, ui, size.width, keymap),
    ]
    shown = [_cut(row, size.width) for row in rows]
    return shown if ui.unicode else [in_ascii(row) for row in shown]


def _cut(row: Line, width: int) -> Line:
    """Return a row with a `~` where the screen ends before its text; blanks are no text."""
    return row if cell_len(plain(row).rstrip()) <= width else fitted(row, width)


def body_size(size: Size) -> Size:
    """Return what is left for a screen's body: two rows above it and two below are the frame's."""
    return Size(size.width, size.height - 4)


def is_tiny(size: Size) -> bool:
    """Whether a terminal is too small for more than one line."""
    return size.width < LEAST.width or size.height < LEAST.height


def _title(scene: Scene, ui: Ui, width: int) -> Line:
    engine = _engine(ui.link, scene)
    beside: Line = (engine,)
    if width >= _NARROW:
        rate = "-" if ui.painted_bytes_s is None else f"{ui.painted_bytes_s / 1000:.1f} KB/s"
        low = " low" if ui.low_data else ""
        beside = (engine, Piece(f"   ui{low} {rate}", Role.DIM))
    return right(_where(scene, ui, width - width_of(beside) - 2), width - 1, *beside)


def _where(scene: Scene, ui: Ui, width: int) -> Line:
    """Return workspace, screen and state in at most `width` cells; a long name is cut."""
    line: Line = (Piece(f"   {ui.screen.value}   ", Role.TITLE),)
    if scene.snapshot is not None:
        now = standing(scene.snapshot)
        if ui.link.state not in {LinkState.LIVE, LinkState.CONNECTING, LinkState.REPLAY}:
            now = stands(State.STALE, now.text[2:])
        line = (*line, now)
    holder = other_holder(scene.snapshot, ui)
    if holder and ui.link.state is LinkState.LIVE:
        steers = f"{column(holder, min(12, cell_len(holder)))} steers"
        line = (*line, Piece("   "), stands(State.WARN, steers))
    if ui.frozen_s is not None:
        line = (*line, Piece("   "), stands(State.STALE, f"frozen {ui.frozen_s:.0f} s"))
    replayed = ui.link.played is not None
    mark = " REPLAY " if replayed else " vgwm "
    room = max(1, width - len(mark) - width_of(line))
    name = column(scene.workspace, min(room, cell_len(scene.workspace)))
    return (Piece(mark, Role.WARN if replayed else Role.DIM), Piece(name, Role.TITLE), *line)


def _engine(link: Link, scene: Scene) -> Piece:
    age = "" if link.age_s is None else f" {_age(link.age_s)}"
    match link.state:
        case LinkState.LIVE:
            return Piece(f"engine ok{age}", Role.OK)
        case LinkState.CONNECTING:
            return Piece(f"connecting {link.quiet_s:.0f} s", Role.UNKNOWN)
        case LinkState.SILENT:
            return Piece(f"engine silent ~{age}", Role.WARN)
        case LinkState.GONE:
            ran = scene.snapshot is not None and scene.snapshot.engine.state != "down"
            return Piece(f"{'engine gone' if ran else 'no engine'}{age and f' ~{age}'}", Role.BAD)
        case LinkState.REPLAY if link.played is not None:
            return mark(link.played)
        case _:
            return Piece("engine of another version", Role.WARN)


def _age(age_s: float) -> str:
    return f"{age_s:.1f} s" if age_s < 10 else display.duration(age_s)  # noqa: PLR2004 - ten seconds


def _nothing_yet(scene: Scene, ui: Ui) -> list[Line]:
    """Return the body of a screen without facts: what would fill it, and the key."""
    if ui.link.state is LinkState.CONNECTING or scene.snapshot is not None:
        return []
    if ui.link.state is LinkState.GONE:
        return [
            EMPTY,
            text(" no engine is running for this workspace"),
            EMPTY,
            (Piece(" B", Role.KEY), Piece("  starts it")),
            text("    the same on the command line: vgwm engine start", Role.DIM),
        ]
    return [EMPTY, stands_line(ui.link)]


def stands_line(link: Link) -> Line:
    """Return why there are no facts."""
    return (Piece(" "), stands(State.UNKNOWN, "unknown"), Piece(f"   {link.detail}"))


def _one_line(scene: Scene, ui: Ui) -> Line:
    now = scene.snapshot
    if now is None:
        return (_engine(ui.link, scene),)
    if ui.link.state is not LinkState.LIVE:
        return (_engine(ui.link, scene), Piece(f" {done_percent(now)}"))
    return (standing(now), Piece(f" {done_percent(now)} {eta_fact(now).parts[0]}"))
