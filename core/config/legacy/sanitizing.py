"""A configuration without its secrets, and proof of that from its own text. Pure.

The output is read again by other means than it was made: a text that any secret still stands in is
not given out. Comments are left out, for a word in one may be an old password.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, quote_plus

from core.config.legacy import reading
from core.config.legacy.hiding import holds_secret, is_secret
from core.config.legacy.needles import SHORTEST, Needles
from core.config.legacy.showing import Shown
from core.config.legacy.yaml_members import leaves, mapped
from core.config.yaml_text import read_mapping, write_mapping
from core.errors import BadInput

if TYPE_CHECKING:
    from core.config.legacy.showing import Marking

_ASSIGNMENT: Final = re.compile(r"^\s*[\"']?([A-Za-z_][A-Za-z0-9_.]*)[\"']?\s*[=:]\s*(\S.*)$")
_MARK: Final = re.compile(r"['\"]?\[secret [0-9a-f]{4}\]['\"]?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_COMMENT: Final = "# [comment left out]"


class Clean(NamedTuple):
    """A text without its secrets. left: lines in which one was found all the same, from 1."""

    text: str
    hidden: int
    left: tuple[int, ...]


def sanitize(raw: bytes, marks: Marking, *, where: str) -> Clean:
    """Return a YAML, EnvironmentFile or INI with each secret as its mark.

    where: safe to show. Raises BadInput for bytes that are no text, and for a line in it that is
    of no form.
    """
    text = reading.decode(raw, where=where)
    tree = _tree(text)
    made, secrets = _lines(raw, marks, where) if tree is None else _yaml(tree, marks)
    return Clean(made, len(secrets), scan(made, secrets))


def scan(text: str, secrets: set[str]) -> tuple[int, ...]:
    """Return the lines in which a secret stands, in any spelling, or something that looks like one.

    secrets: values known to be some.
    """
    known = Needles(spelled for one in secrets if len(one) >= SHORTEST for spelled in _spelled(one))
    return tuple(
        number
        for number, line in enumerate(text.splitlines(), 1)
        if known.stand_in(line) or _suspect(line)
    )


def _tree(text: str) -> dict[str, object] | None:
    """Return the YAML of a text; None for a text of another kind."""
    try:
        tree = read_mapping(text, where="")
    except (BadInput, RecursionError):
        return None
    # `KEY=a: b` alone in a file is YAML, too, and its secret would stand in the name
    return tree if all(map(_NAME.fullmatch, tree)) else None


def _yaml(tree: dict[str, object], marks: Marking) -> tuple[str, set[str]]:
    secrets = {
        one for leaf in leaves(tree) for one in _texts(leaf.value) if is_secret(leaf.path, one)
    }
    shown = Shown(marks, secrets)
    masked = mapped(tree, lambda path, text: shown.masked(text, secret=is_secret(path, text)))
    return write_mapping(masked), secrets


def _texts(value: object) -> list[str]:
    members = value if isinstance(value, list) else [value]
    return [str(one) for one in members if one is not None and not isinstance(one, bool | dict)]


def _lines(raw: bytes, marks: Marking, where: str) -> tuple[str, set[str]]:
    legacy = reading.read(raw, where=where)
    stray = next((one.line for one in legacy.oddities if one.stray), None)
    if stray is not None:
        # of a YAML that cannot be read, or of a key's text: nothing hides a secret that is in it
        raise BadInput(
            what="the line assigns nothing, and the file is no YAML that can be read",
            where=f"{where}, line {stray}",
            remedy="It may be a part of a secret: mend it or take it out. Where a YAML is wrong, "
            "vgwm config check says.",
        )
    secrets = {e.value for e in legacy.entries if is_secret(e.name, e.value)}
    lines = [
        _COMMENT if line.lstrip()[:1] in ("#", ";") and line.lstrip() else line
        for line in Shown(marks, secrets).old(legacy)
    ]
    return "\n".join(lines) + "\n", secrets


def _spelled(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode("ascii")
    return {secret, quote(secret, safe=""), quote_plus(secret), encoded}


def _suspect(line: str) -> bool:
    match = _ASSIGNMENT.match(line)
    if match is None:
        return holds_secret(line)
    value = match[2].strip()
    return not _MARK.fullmatch(value) and (is_secret(match[1], value) or holds_secret(value))
