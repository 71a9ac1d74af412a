"""Help: what the screen is for, its keys by group, its command, the words used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.facts import replay
from tui.keys import GO, Group
from tui.screen import Name
from tui.views.line import EMPTY, Line, Piece, Role, Size, column, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.keys import Keymap
    from tui.ui import Ui

PURPOSE: Mapping[Name, tuple[str, str]] = {
    Name.HOME: (
        "Where the migration stands: source, target, phases, what needs you.",
        "The engine works on its own; this screen only looks.",
    ),
    Name.ASSESS: (
        "Whether to migrate: each check's evidence and remedy; sizes; time.",
        "A fail blocks plan and copy; a warning may be taken on, with a reason.",
    ),
    Name.CONFIG: (
        "What becomes of each key of the old gateway's configuration, and why.",
        "Nothing is written while a problem is left; secrets are shown as marks.",
    ),
    Name.IAM: (
        "The gateway's accounts: what is wrong with them, and their way over.",
        "Access keys and secrets stay as they are; an HMAC each proves it.",
    ),
    Name.PLAN: (
        "What the plan holds: sizes, losses, time, gates, the way to cut over.",
        "Its hash is what a confirmation means; a plan is made once, and kept.",
    ),
    Name.MIGRATE: (
        "Planning and copying: counters, rate, ETA, and what each worker does.",
        "A bundle is up to 1,000 objects, recorded when every node was seen to pin it.",
    ),
    Name.ERRORS: (
        "Objects that did not come over, each with its cause and what to do.",
        "Failed: tried and given up. Skipped: the target cannot hold it.",
    ),
    Name.VERIFY: (
        "What was proved: counts, bytes read again, pins; five lists; repair.",
        "= equal  * differ  + missing at the target  - extra there  ! nobody could look",
    ),
    Name.CUTOVER: (
        "Clients go from blue to green; gates, and what still undoes itself.",
        "A gate that is red or unknown keeps it shut; a typed word confirms a plan.",
    ),
    Name.ROLLBACK: (
        "The way back as it is now: time, data at risk, what cannot go back.",
        "R opens it on any screen; nothing is done before the word is typed.",
    ),
    Name.CLUSTER: (
        "Each peer with its Kubo, looked at once a second; the target's other parts.",
        "A peer that does not answer is unknown, whatever it said before.",
    ),
    Name.LOG: (
        "The engine's events, numbered without a gap, newest first.",
        "They are in the ledger, and outlive this screen.",
    ),
    Name.HELP: ("", ""),
}

COMMAND: Mapping[Name, str] = {
    Name.HOME: "vgwm status",
    Name.ASSESS: "vgwm assess",
    Name.CONFIG: "vgwm config diff",
    Name.IAM: "vgwm iam audit",
    Name.PLAN: "vgwm plan show",
    Name.MIGRATE: "vgwm watch",
    Name.ERRORS: "vgwm errors",
    Name.VERIFY: "vgwm verify",
    Name.CUTOVER: "vgwm cutover status",
    Name.ROLLBACK: "vgwm rollback plan",
    Name.CLUSTER: "vgwm health cluster",
    Name.LOG: "vgwm jobs",
    Name.HELP: "vgwm --help",
}
"""The command that says the same as a screen."""

GLYPHS = '= pass, done  ! warn  x fail  ? unknown  > running  " waiting  | paused  - none'
_CROSSING = ("cutover", "rollback")  # two acts in one row of the list


def view(ui: Ui, size: Size, keymap: Keymap) -> list[Line]:
    """Return the body's rows."""
    first, second = PURPOSE[ui.back]
    lines: list[Line] = [
        text(f" {ui.back.value}: {first}"),
        text(f" {second}", Role.DIM),
        EMPTY,
        (Piece(" command  ", Role.DIM), Piece(COMMAND[ui.back])),
        (Piece(" screens  ", Role.DIM), Piece(_screens(size.width - 10))),
    ]
    entries = _entries(keymap) if ui.link.played is None else _of_replay(keymap)
    rows = (len(entries) + 1) // 2
    half = max(38, size.width // 2)
    entries += [("", "")] * (2 * rows - len(entries))
    for left, other in zip(entries[:rows], entries[rows:], strict=True):
        lines.append((*_entry(*left, half), *_entry(*other, half)))
    lines.append(text(f" {GLYPHS}", Role.DIM))
    return lines if len(lines) <= size.height else [line for line in lines if line != EMPTY]


def _screens(width: int) -> str:
    """Return the ways to the screens; their letters alone where the names have no room."""
    named = "  ".join(f"g {letter} {name.value}" for letter, name in GO.items())
    return named if len(named) < width else f"g, then {' '.join(GO)}; g shows their names"


def _entries(keymap: Keymap) -> list[tuple[str, str]]:
    """Return key and what it does, by group; the moves, which come in pairs, two in a row."""
    first = [
        key
        for key in keymap.table
        if key.group in {Group.LOOK, Group.ACT} and key.id not in _CROSSING
    ]
    crossing = [keymap.key(id_) for id_ in _CROSSING]
    moves = [key for key in keymap.table if key.group is Group.MOVE]
    last = [key for key in keymap.table if key.group is Group.LEAVE]
    pairs = [moves[at : at + 2] for at in range(0, len(moves), 2)]
    return [
        (" ".join(key.shown for key in keys), ", ".join(key.does for key in keys))
        for keys in [*([key] for key in first), crossing, *pairs, *([key] for key in last)]
    ]


def _of_replay(keymap: Keymap) -> list[tuple[str, str]]:
    """Return what a replay takes: its own keys, and those that look."""
    looks = [key for key in keymap.table if key.group in {Group.LOOK, Group.LEAVE}]
    own = [(keys, does) for keys, _, does in replay.KEYS]
    return [*own, *((key.shown, key.does) for key in looks)]


def _entry(key: str, does: str, width: int) -> tuple[Piece, Piece]:
    return Piece(f" {column(key, 10)}", Role.KEY), Piece(column(does, width - 11))
