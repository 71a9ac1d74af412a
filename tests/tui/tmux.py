"""A tmux server of the test's own: panes, keys, and what they show, cell by cell."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOUND = shutil.which("tmux")
_SGR = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\([B0]|[\x0e\x0f]")


class Cell(NamedTuple):
    """What is seen in one cell: a colour cannot be seen on a blank."""

    text: str
    attributes: frozenset[str]
    colour: str
    background: str


def _seen(char: str, attributes: frozenset[str], colour: str, background: str) -> Cell:
    if char != " ":
        return Cell(char, attributes, colour, background)
    ink = attributes & {"4", "7", "9"}
    return Cell(" ", ink, colour if ink else "", background)


class _Pen:
    """The style that is on, as the sequences so far left it."""

    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self.colour = self.background = ""

    def take(self, codes: str) -> None:
        parts = [part or "0" for part in re.split("[;:]", codes)]
        while parts:
            code = parts.pop(0)
            if code in {"38", "48"}:
                taken = 4 if parts[0] == "2" else 2
                self._paint(code, ";".join([code, *parts[:taken]]))
                del parts[:taken]
            elif code == "0":
                self.__init__()  # type: ignore[misc]  # as new
            elif len(code) == 1:
                self.attributes.add(code)
            else:
                self._paint(code, "" if code in {"39", "49"} else code)

    def _paint(self, code: str, value: str) -> None:
        if code.startswith(("3", "9")):
            self.colour = value
        else:
            self.background = value


def _row(line: str, pen: _Pen) -> list[Cell]:
    row: list[Cell] = []
    begin = 0
    for found in _SGR.finditer(line + "\x1b(B"):
        for char in line[begin : found.start()]:
            row.append(_seen(char, frozenset(pen.attributes), pen.colour, pen.background))
            row += [Cell("", frozenset(), "", "")] * (cell_len(char) - 1)
        if found.group(1) is not None:
            pen.take(found.group(1))
        begin = found.end()
    return row


def cells(captured: str) -> list[list[Cell]]:
    """Read what `capture-pane -e` wrote; colours go on from line to line."""
    pen = _Pen()
    rows: list[list[Cell]] = []
    for line in captured.split("\n"):
        row = _row(line, pen)
        while row and row[-1] == Cell(" ", frozenset(), "", ""):
            row.pop()
        rows.append(row)
    while rows and not rows[-1]:
        rows.pop()
    return rows


class Tmux:
    """One server with one session; pane size is the window's."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        assert FOUND is not None
        self._socket = str(folder / "tmux.sock")
        self._environment = environment

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run one tmux command."""
        done = subprocess.run(  # noqa: S603 - tmux, on a socket of our own
            [str(FOUND), "-S", self._socket, "-f", "/dev/null", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def open(self, name: str, command: str, size: tuple[int, int]) -> None:
        """Open a session that runs a command and stays when it ends."""
        width, height = map(str, size)
        self.run("new-session", "-d", "-s", name, "-x", width, "-y", height, command)
        self.run("set-option", "-g", "status", "off")
        self.run("set-option", "-g", "remain-on-exit", "on")
        self.run("resize-window", "-t", name, "-x", width, "-y", height)

    def keys(self, name: str, *keys: str) -> None:
        """Press keys as a person does."""
        self.run("send-keys", "-t", name, *keys)

    def shown(self, name: str) -> str:
        """What the pane shows, right ends stripped."""
        text = self.run("capture-pane", "-p", "-t", name)
        return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))

    def seen(self, name: str) -> list[list[Cell]]:
        """What the pane shows, cell by cell with colours."""
        return cells(self.run("capture-pane", "-p", "-e", "-N", "-t", name))

    def until(self, holds: Callable[[], object], name: str, within_s: float = 60.0) -> None:
        """Wait until something holds."""
        end_s, pause_s = time.monotonic() + within_s, 0.03
        while not holds():
            assert time.monotonic() < end_s, self.shown(name)
            time.sleep(pause_s)
            pause_s = min(1.1 * pause_s, 0.25)  # each look is a process

    def kill(self) -> None:
        """End the server."""
        self.run("kill-server", check=False)
