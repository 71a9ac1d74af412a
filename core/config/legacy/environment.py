r"""Systemd's EnvironmentFile, read and written as systemd reads it. Pure.

`#` and `;` begin a comment line. Unquoted `\x` is x, and blanks at the ends go; `'…'` is verbatim;
in `"…"` a backslash takes its meaning from `"`, `\`, `$` and backtick only; a backslash before the
line's end joins lines. Nothing is expanded. A carriage return ends a line as a line feed does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.legacy.entry import Entry, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_ENDS: Final = "\n\r"
_BLANKS: Final = " \t\n\r"
_ESCAPABLE: Final = '"\\`$'
_TO_END: Final = re.compile(r"[^\n\r]*")
_BEFORE_SIGN: Final = re.compile(r"[^\n\r=]*")
_BARE: Final = re.compile(r"[^\\\n\r]*")
_BETWEEN: Final = re.compile(r"[ \t]*")
_SINGLE: Final = re.compile(r"[^']*")
_DOUBLE: Final = re.compile(r'[^"\\]*')
_NEEDS_NO_QUOTES: Final = re.compile(r"[A-Za-z0-9_./:@,+%=-]*")
_TO_ESCAPE: Final = re.compile(r'(["\\`$])')


class Parsed(NamedTuple):
    """What a file holds, in its order."""

    entries: list[Entry]
    oddities: list[Oddity]


class _Value(NamedTuple):
    text: str
    at: int
    fault: str


def parse_environment(text: str) -> Parsed:
    """Return the assignments of a text. Nothing is refused: systemd reads on, too."""
    found = Parsed([], [])
    at, line = 0, 1
    while at < len(text):
        begin = at
        char = text[at]
        if char in _BLANKS:
            at += 1
        elif char in "#;":
            at = _end(_TO_END, text, at)
            if text[begin:at].endswith("\\"):
                found.oddities.append(
                    Oddity(line=line, reason="before systemd 254 the next line is comment, too")
                )
        else:
            at = _assignment(text, at, line, found)
        line += _lines(text, begin, at)
    return found


def write_environment(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a text that parse_environment reads back: one assignment an entry, in order."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in pairs)


def _assignment(text: str, at: int, line: int, found: Parsed) -> int:
    sign = _end(_BEFORE_SIGN, text, at + 1)  # systemd takes a sign at the start for a name's
    name = text[at:sign].rstrip(_BLANKS)
    if sign == len(text) or text[sign] != "=":
        why = "a line without =, which systemd passes by"
        found.oddities.append(Oddity(line=line, reason=why, stray=True))
        return sign
    value = _value(text, sign + 1)
    found.entries.append(
        Entry(
            name=name,
            value=value.text,
            line=line,
            last_line=line + _lines(text, at, value.at),
            fault=_misnamed(name) or value.fault,
        )
    )
    return value.at


def _value(text: str, at: int) -> _Value:
    """Read one value from behind its sign, up to the line's end."""
    parts: list[str] = []
    while True:
        at = _end(_BETWEEN, text, at)
        if at == len(text) or text[at] in _ENDS:
            return _Value("".join(parts), at, "")
        if text[at] not in "'\"":
            bare, at = _bare(text, at)
            return _Value("".join(parts) + bare, at, "")
        quote = text[at]
        inner, at = _single(text, at + 1) if quote == "'" else _double(text, at + 1)
        parts.append(inner)
        if at == len(text):
            return _Value("".join(parts), at, f"the quote {quote} is never closed")
        at += 1


def _bare(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    read = kept = 0  # kept: how much of the value a backslash protects from being trimmed
    while True:
        end = _end(_BARE, text, at)
        parts.append(text[at:end])
        read += end - at
        at = end
        if at == len(text) or text[at] in _ENDS:
            break
        at += 1
        if at < len(text):
            if text[at] not in _ENDS:
                parts.append(text[at])
                read += 1
            at += 1
        kept = read
    value = "".join(parts)
    return value[:kept] + value[kept:].rstrip(_BLANKS), at


def _single(text: str, at: int) -> tuple[str, int]:
    end = _end(_SINGLE, text, at)
    return text[at:end], end


def _double(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        end = _end(_DOUBLE, text, at)
        parts.append(text[at:end])
        at = end
        if at == len(text) or text[at] == '"':
            return "".join(parts), at
        escaped = text[at + 1 : at + 2]
        if escaped in _ESCAPABLE:
            parts.append(escaped)
        elif escaped != "\n":
            parts.append("\\" + escaped)
        at = min(at + 2, len(text))


def _misnamed(name: str) -> str:
    if NAME.fullmatch(name):
        return ""
    if name.startswith(("export ", "export\t")):
        return "export is a shell's word: systemd drops this line"
    return "this is no name of a variable: systemd drops this line"


def _quoted(value: str) -> str:
    if value and _NEEDS_NO_QUOTES.fullmatch(value):
        return value
    return '"' + _TO_ESCAPE.sub(r"\\\1", value) + '"' if value else ""


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()


def _lines(text: str, begin: int, end: int) -> int:
    return text.count("\n", begin, end)
