"""The bindings: footer, help and docs are made from this table, and so is what a key does.

A key is the character it types (`P`, `?`), or Textual's name for it (`enter`, `ctrl+c`). No Alt, no
Ctrl+Shift, no key that a plain tmux loses. Lower case looks, upper case acts.
`$XDG_CONFIG_HOME/vgwm/keys.yaml` maps an id to a key or a list of keys.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from core.errors import BadInput
from tui.facts.replay import KEYS
from tui.screen import Name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Group(StrEnum):
    """What a key is for; help shows them in this order."""

    LOOK = "look"
    ACT = "act"
    MOVE = "move"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One binding. label: the word in the footer. does: the line in help."""

    id: str
    keys: tuple[str, ...]
    label: str
    does: str
    group: Group

    @property
    def shown(self) -> str:
        """How the first of its keys is written."""
        return _SHOWN.get(self.keys[0], self.keys[0])


_SHOWN = {
    "ctrl+c": "Ctrl+C",
    "ctrl+l": "Ctrl+L",
    "ctrl+z": "Ctrl+Z",
    "enter": "Enter",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "tab": "Tab",
}


def _key(id_: str, keys: str, label: str, does: str, group: Group) -> Key:
    return Key(id=id_, keys=tuple(keys.split()), label=label, does=does, group=group)


TABLE: tuple[Key, ...] = (
    _key("help", "? f1", "help", "help of this screen", Group.LOOK),
    _key("go", "g", "go", "go: a screen's letter follows", Group.LOOK),
    _key("line", ": ctrl+p", "line", "a command line of vgwm", Group.LOOK),
    _key("filter", "/", "filter", "filter by class, state, text", Group.LOOK),
    _key("next", "n", "next", "next row that fits, around", Group.LOOK),
    _key("open", "enter d", "open", "open a group; all of one row", Group.LOOK),
    _key("pane", "tab", "next", "next list or part of a screen", Group.LOOK),
    _key("freeze", "z", "freeze", "freeze the view, or let it go", Group.LOOK),
    _key("low_data", "b", "low-data", "low-data: for a slow link", Group.LOOK),
    _key("command", "y", "command", "copy this screen's command", Group.LOOK),
    _key("status", "c", "status", "copy a status line for a chat", Group.LOOK),
    _key("write", "w", "write", "write screen to reports/", Group.LOOK),
    _key("repaint", "ctrl+l", "repaint", "write the whole screen again", Group.LOOK),
    _key("begin", "B", "begin", "begin this screen's job", Group.ACT),
    _key("pause", "P", "pause", "pause the job, or resume it", Group.ACT),
    _key("knob", "K", "knob", "set a knob", Group.ACT),
    _key("cancel", "X", "cancel", "cancel the job; drop a key", Group.ACT),
    _key("retry", "T", "try again", "try again; ask a check again", Group.ACT),
    _key("skip", "S", "skip", "skip, undo; the plan first", Group.ACT),
    _key("accept", "A", "take on", "take a warning on; accept key", Group.ACT),
    _key("fix", "F", "fix", "mend what differs; plan first", Group.ACT),
    _key("edit", "E", "edit", "give a key another value", Group.ACT),
    _key("cutover", "C", "cut over", "cut over, commit", Group.ACT),
    _key("rollback", "R", "roll back", "roll back", Group.ACT),
    _key("up", "up k", "up", "row up", Group.MOVE),
    _key("down", "down j", "down", "row down", Group.MOVE),
    _key("page_up", "pageup", "page up", "page up", Group.MOVE),
    _key("page_down", "pagedown", "page down", "page down", Group.MOVE),
    _key("first", "home", "first", "first row", Group.MOVE),
    _key("last", "end", "last", "last row", Group.MOVE),
    _key("back", "escape", "back", "back; leave a prompt or sheet", Group.MOVE),
    _key("leave", "q", "leave", "leave; the engine goes on", Group.LEAVE),
    _key("interrupt", "ctrl+c", "leave", "twice within 2 s leaves", Group.LEAVE),
    _key("suspend", "ctrl+z", "suspend", "suspend; fg comes back", Group.LEAVE),
)

GO: Mapping[str, Name] = {
    "h": Name.HOME,
    "a": Name.ASSESS,
    "c": Name.CONFIG,
    "i": Name.IAM,
    "p": Name.PLAN,
    "m": Name.MIGRATE,
    "e": Name.ERRORS,
    "v": Name.VERIFY,
    "u": Name.CUTOVER,
    "r": Name.ROLLBACK,
    "k": Name.CLUSTER,
    "l": Name.LOG,
}
"""The letters after `g`."""

FOOTERS: Mapping[Name, tuple[str, ...]] = {
    Name.HOME: ("go", "begin", "freeze", "low_data", "command", "help", "leave"),
    Name.ASSESS: (
        *("go", "command", "open", "filter", "pane"),
        *("begin", "retry", "accept", "help", "leave"),
    ),
    Name.CONFIG: (
        *("go", "retry", "command", "next", "pane", "filter"),
        *("accept", "cancel", "edit", "begin", "help", "leave"),
    ),
    Name.IAM: ("go", "retry", "command", "filter", "pane", "next", "begin", "help", "leave"),
    Name.PLAN: ("begin", "pane", "freeze", "command", "go", "help", "leave"),
    Name.MIGRATE: ("begin", "pause", "knob", "go e", "freeze", "command", "go", "help", "leave"),
    Name.ERRORS: ("filter", "pane", "open", "retry", "skip", "command", "go", "help", "leave"),
    Name.VERIFY: (
        *("go", "freeze", "command", "next", "filter", "open"),
        *("pane", "begin", "fix", "help", "leave"),
    ),
    Name.CUTOVER: (
        *("go", "command", "pane", "accept", "cancel"),
        *("begin", "cutover", "rollback", "help", "leave"),
    ),
    Name.ROLLBACK: (
        *("go u", "next", "command", "open"),
        *("pane", "rollback", "go", "help", "leave"),
    ),
    Name.CLUSTER: ("go u", "freeze", "low_data", "command", "go", "help", "leave"),
    Name.LOG: ("up", "down", "page_down", "freeze", "command", "go", "help", "leave"),
    Name.HELP: ("back", "go", "leave"),
}
"""The keys that row 24 of each screen names, in order; the first ones go when room is short.

`go e` is a way to another screen.
"""


class Keymap:
    """The table with an operator's own keys in it."""

    def __init__(self, table: Sequence[Key] = TABLE) -> None:
        self.table = tuple(table)
        self._by_id = {key.id: key for key in self.table}
        self._by_key = {name: key for key in reversed(self.table) for name in key.keys}

    def id_of(self, pressed: str) -> str:
        """Return what a key is bound to; empty if to nothing."""
        key = self._by_key.get(pressed)
        return key.id if key is not None else ""

    def key(self, id_: str) -> Key:
        """Return a binding by its id."""
        return self._by_id[id_]

    def clashes(self) -> list[str]:
        """Return a line for each key that two bindings claim."""
        found: list[str] = []
        for key in self.table:
            for name in key.keys:
                owner = self._by_key[name]
                if owner is not key:
                    found.append(f"{name} is both {owner.id} and {key.id}: it does {owner.id}")
        return found

    def changed(self, keys: Mapping[str, tuple[str, ...]]) -> Keymap:
        """Return a keymap in which these ids have other keys."""
        return Keymap([replace(key, keys=keys.get(key.id, key.keys)) for key in self.table])


def reference() -> str:
    """Return the page of the documentation that lists every key."""
    lines = [
        "# Keys of the terminal application",
        "",
        "Made by `python -m tui.keys > docs/keys.md`; a test compares.",
        "",
        "Lower case looks, upper case acts.",
        "`$XDG_CONFIG_HOME/vgwm/keys.yaml` gives an id other keys: `leave: Q`, or a list of them.",
        "",
        "| Key | Id | Does | Group |",
        "|---|---|---|---|",
    ]
    for key in TABLE:
        names = " ".join(f"`{_SHOWN.get(name, name)}`" for name in key.keys)
        lines.append(f"| {names} | {key.id} | {key.does} | {key.group} |")
    lines += ["", "After `g` a letter goes to a screen:", "", "| Letter | Screen |", "|---|---|"]
    lines += [f"| `{letter}` | {name.value} |" for letter, name in GO.items()]
    lines += ["", "A replay (`vgwm replay`) also takes:", "", "| Key | Does |", "|---|---|"]
    lines += [f"| `{keys}` | {does} |" for keys, _, does in KEYS]
    return "\n".join(lines) + "\n"


def config_path() -> Path:
    """Return where an operator's own keys stand."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "vgwm" / "keys.yaml"


def load(path: Path) -> Keymap:
    """Return the table, changed by a file of `id: key` or `id: [key, ..]` if it is there.

    Raises BadInput for a file that is none, an unknown id, or a value that names no key.
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Keymap()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong(path, f"cannot be read as YAML ({type(error).__name__})") from error
    if read is None:
        return Keymap()
    if not isinstance(read, dict):
        raise _wrong(path, "is no mapping of id to keys")
    ids = {key.id for key in TABLE}
    keys: dict[str, tuple[str, ...]] = {}
    for id_, value in read.items():
        names = value if isinstance(value, list) else [value]
        if id_ not in ids:
            raise _wrong(path, f"names {str(id_)[:20]!r}; ids are {' '.join(sorted(ids))}")
        if not names or not all(isinstance(name, str) and name for name in names):
            raise _wrong(path, f"gives {id_} no key")
        keys[id_] = tuple(names)
    return Keymap().changed(keys)


def _wrong(path: Path, what: str) -> BadInput:
    return BadInput(
        what=f"{path.name} {what}",
        where=str(path),
        remedy="Write `id: key` lines, or remove the file.",
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
