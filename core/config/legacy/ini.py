"""The operator guide's INI: `[section]`, `name = value`, comment lines. Pure.

Names are matched without regard to case, and read as `section.name`. A value is what stands behind
the sign, trimmed, without quotes that enclose it whole; `#` and `;` within a line are part of it.
"""

from __future__ import annotations

import re
from typing import Final

from core.config.legacy.entry import Entry, Oddity
from core.config.legacy.environment import Parsed

_SECTION: Final = re.compile(r"\[\s*([A-Za-z0-9_.-]+)\s*\]")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SHORTEST_QUOTED: Final = 2


def parse_ini(text: str) -> Parsed:
    """Return the assignments of a text, each under its section's name."""
    found = Parsed([], [])
    section = ""
    # not splitlines: U+2028 may be part of a value
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            heading = _SECTION.fullmatch(line)
            section = "" if heading is None else heading.group(1).lower()
            if heading is None:
                found.oddities.append(
                    Oddity(line=number, reason="this names no section", stray=True)
                )
            continue
        name, sign, value = (part.strip(" \t") for part in line.partition("="))
        if not sign or not _NAME.fullmatch(name):
            found.oddities.append(
                Oddity(line=number, reason="a line that assigns nothing", stray=True)
            )
            continue
        found.entries.append(
            Entry(
                name=f"{section}.{name}".lower().lstrip("."),
                value=_unquoted(value),
                line=number,
                last_line=number,
                fault="" if section else "it stands in no section",
            )
        )
    return found


def _unquoted(value: str) -> str:
    enclosed = len(value) >= _SHORTEST_QUOTED and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if enclosed else value
