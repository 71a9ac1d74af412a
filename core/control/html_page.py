"""Pages that stand alone: no script, no font, nothing fetched, and they print.

Everything that comes from outside is escaped by the template engine (autoescape).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import jinja2

from core.display import count, duration, size

GLYPHS: Final = {"fail": "x", "warn": "!", "unknown": "?", "pass": "=", "not offered": "-"}


def render(template: str, **given: object) -> str:
    """Return a page from a template beside this file; the same values give the same page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"utc": _utc, "duration": duration, "size": size, "count": count}
    text: str = environment.get_template(template).render(glyphs=GLYPHS, **given)
    return text


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
