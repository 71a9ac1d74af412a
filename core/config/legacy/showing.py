"""Configurations as they may be shown: each secret by its mark. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from core.config.legacy.environment import write_environment
from core.config.legacy.hiding import holds_secret, is_secret
from core.config.legacy.needles import Needles
from core.config.legacy.output import env_pairs
from core.config.secret import Secret
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.config.legacy.entry import Legacy
    from core.config.legacy.row import Row
    from core.config.legacy.values import Value


_IN_COMMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)(\s*[=:]\s*)(\S.*)")


class Marking(Protocol):
    """Gives a secret its mark."""

    def of(self, secret: Secret) -> str:
        """Return such as `[secret 3f9a]`."""
        ...


class Shown:
    """Shows texts of one conversion. marks: of the workspace."""

    def __init__(self, marks: Marking, secrets: Iterable[str]) -> None:
        self._marks = marks
        self._known = Needles(secrets)

    def value(self, text: str, *, secret: bool) -> str:
        """Return a value of a row: its mark, or its text safe to show."""
        if secret and text:
            return self._marks.of(Secret(text))
        return self.line(text)

    def masked(self, text: str, *, secret: bool) -> str:
        """Return a text with its secrets as marks, else as it is: for a file, not for a screen."""
        return self._marks.of(Secret(text)) if secret and text else self._without(text)

    def member(self, value: Value | None) -> str:
        """Return a member of the YAML on one line."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return self.line(", ".join(value))
        return self.line(str(value))

    def line(self, text: str) -> str:
        """Return a text safe to show; a secret that stands in it becomes its mark."""
        return safe(self._without(text))

    def yaml(self, text: str) -> list[str]:
        """Return the lines of a YAML text."""
        return [self.line(one) for one in text.splitlines()]

    def env(self, rows: Sequence[Row]) -> list[str]:
        """Return the lines of the env file, a value of several lines on one."""
        hidden = {row.env_name for row in rows if row.env_name and row.secret}
        return [
            f"{name}={self._marks.of(Secret(value))}"
            if name in hidden and value
            else self.line(write_environment([(name, value)]).removesuffix("\n"))
            for name, value in env_pairs(rows)
        ]

    def old(self, legacy: Legacy) -> list[str]:
        """Return the lines of the old file; of a secret that spans lines, the first one alone."""
        lines = legacy.text.removesuffix("\n").split("\n")
        shown = [self._comment(one.removesuffix("\r")) for one in lines]
        for entry in legacy.entries:
            if entry.value and is_secret(entry.name, entry.value):
                spelled = entry.name.rpartition(".")[2] if "." in entry.name else entry.name
                shown[entry.line - 1] = f"{safe(spelled)}={self._marks.of(Secret(entry.value))}"
                for gone in range(entry.line, min(entry.last_line, len(shown))):
                    shown[gone] = ""
        return shown

    def _comment(self, text: str) -> str:
        """Hide what looks like a secret in any line: one that is commented out is one, too."""
        match = _IN_COMMENT.search(text)
        if match is not None and is_secret(match[1], match[3]):
            return self.line(text[: match.start(3)]) + self._marks.of(Secret(match[3]))
        if holds_secret(text):
            return self._marks.of(Secret(text))
        return self.line(text)

    def _without(self, text: str) -> str:
        return self._known.replaced(text, lambda secret: self._marks.of(Secret(secret)))
