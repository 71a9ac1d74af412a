"""INI files of clients: where each value stands, so that all else keeps its bytes. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTION: Final = re.compile(r"\[([^\]\r\n]*)\]")
_VALUE: Final = re.compile(r"([ \t]*)([A-Za-z0-9_.-]+)[ \t]*[=:][ \t]*([^\r\n]*?)[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value. group: the key above that an indented one belongs to. line: where it begins."""

    section: str
    group: str
    key: str
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        """Return the place behind its last character."""
        return self.start + len(self.text)

    @property
    def label(self) -> str:
        """Return what it is called: `[profile a] s3.endpoint_url`."""
        return f"[{self.section}] {self.group}{'.' if self.group else ''}{self.key}"


def values(text: str) -> Iterator[Value]:
    """Yield every value in order. Comments and lines of another form are passed over."""
    section = group = ""
    at = 0
    for raw in text.splitlines(keepends=True):
        line = raw.rstrip("\r\n")
        start, at = at, at + len(raw)
        if line.lstrip()[:1] in {"#", ";"}:
            continue
        opened = _SECTION.match(line)
        if opened is not None:
            section, group = opened.group(1).strip(), ""
            continue
        found = _VALUE.match(line)
        if found is None:
            continue
        indented, key = bool(found.group(1)), found.group(2).lower()
        yield Value(
            section=section,
            group=group if indented else "",
            key=key,
            text=found.group(3),
            start=start + found.start(3),
            line=start,
        )
        if not indented:
            group = key
