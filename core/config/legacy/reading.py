"""An old configuration from its bytes: which form it has, and whether it can be text at all."""

from __future__ import annotations

import re
from typing import Final

from core.config.legacy.entry import Form, Legacy, Oddity
from core.config.legacy.environment import parse_environment
from core.config.legacy.ini import parse_ini
from core.errors import BadInput

LARGEST_BYTES: Final = 4 << 20

_MARK: Final = "\ufeff"
_INI: Final = re.compile(r"(?:[ \t]*(?:[#;][^\r\n]*)?[\r\n]+)*[ \t]*\[")


def read(raw: bytes, *, where: str) -> Legacy:
    """Return what a file holds; where: its path, safe to show.

    Raises BadInput for what systemd refuses whole: bytes that are not UTF-8, a NUL, too much.
    """
    text = decode(raw, where=where)
    marked = text.startswith(_MARK)
    text = text.removeprefix(_MARK)
    form = Form.INI if _INI.match(text) else Form.ENV
    entries, oddities = parse_ini(text) if form is Form.INI else parse_environment(text)
    if marked:
        # systemd takes the mark for a part of the first name, so that line had no effect
        oddities.insert(0, Oddity(line=1, reason=_why_marked(form)))
    return Legacy(form=form, entries=tuple(entries), oddities=tuple(oddities), text=text)


def decode(raw: bytes, *, where: str) -> str:
    """Return the text of a configuration's bytes. Raises BadInput; the bytes are not shown."""
    if len(raw) > LARGEST_BYTES:
        raise BadInput(
            what=f"the file is over {LARGEST_BYTES >> 20} MiB",
            where=where,
            remedy="Name the gateway's configuration.",
        )
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise BadInput(
            what="the file is no text: it holds a NUL byte",
            where=f"{where}, line {line}",
            remedy="Name the gateway's configuration.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    # not chained: the exception carries the bytes, so perhaps a secret
    raise BadInput(
        what="the file is not UTF-8, and systemd refuses such a file whole",
        where=f"{where}, line {line}",
        remedy="Save it as UTF-8.",
    )


def _why_marked(form: Form) -> str:
    if form is Form.INI:
        return "it begins with a byte order mark, which is left out"
    return "it begins with a byte order mark: systemd drops the first line's name; it is kept here"
