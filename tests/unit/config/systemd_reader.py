"""How systemd reads an EnvironmentFile, state by state: what ours is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS, BLANKS = "\n\r", " \t\n\r"


class Reader:
    """Takes one character after the other; each state is a method."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.state: Callable[[str], None] = self.before
        self.key, self.value, self.blank = "", "", -1

    def push(self) -> None:
        value = self.value if self.blank < 0 else self.value[: self.blank]
        self.pairs.append((self.key.rstrip(BLANKS), value))
        self.state = self.before

    def before(self, char: str) -> None:
        if char in "#;":
            self.state = self.comment
        elif char not in BLANKS:
            self.state, self.key = self.in_key, char

    def comment(self, char: str) -> None:
        if char in ENDS:
            self.state = self.before

    def in_key(self, char: str) -> None:
        if char in ENDS:
            self.state = self.before
        elif char == "=":
            self.state, self.value, self.blank = self.between, "", -1
        else:
            self.key += char

    def between(self, char: str) -> None:
        if char in "'\"":
            self.state = self.single if char == "'" else self.double
        elif char == "\\":
            self.state = self.escape
        elif char in ENDS:
            self.push()
        elif char not in BLANKS:
            self.state, self.value = self.bare, self.value + char

    def bare(self, char: str) -> None:
        if char in ENDS:
            self.push()
        elif char == "\\":
            self.state, self.blank = self.escape, -1
        else:
            if char not in BLANKS:
                self.blank = -1
            elif self.blank < 0:
                self.blank = len(self.value)
            self.value += char

    def escape(self, char: str) -> None:
        self.state = self.bare
        self.value += "" if char in ENDS else char

    def single(self, char: str) -> None:
        if char == "'":
            self.state = self.between
        else:
            self.value += char

    def double(self, char: str) -> None:
        if char == '"':
            self.state = self.between
        elif char == "\\":
            self.state = self.double_escape
        else:
            self.value += char

    def double_escape(self, char: str) -> None:
        self.state = self.double
        self.value += char if char in '"\\`$' else "" if char == "\n" else "\\" + char


def read(text: str) -> list[tuple[str, str]]:
    """Return the assignments of a file, also those whose name systemd refuses later."""
    reader = Reader()
    for char in text:
        reader.state(char)
    if reader.state not in (reader.before, reader.in_key, reader.comment):
        reader.push()
    return reader.pairs
