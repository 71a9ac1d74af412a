"""An assessment as one HTML page that stands alone: no script, no font, nothing fetched.

Everything that comes from outside is escaped by the template engine (autoescape).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jinja2

from core.display import count, duration, size

if TYPE_CHECKING:
    from core.control import wire, wire_checks

_TEMPLATE: Final = "assess_page.html"
_GLYPHS: Final = {"fail": "x", "warn": "!", "unknown": "?", "pass": "="}


def page(workspace: wire.Workspace, assessed: wire_checks.Checks) -> str:
    """Return the page; the same assessment gives the same page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"utc": _utc, "duration": duration, "size": size, "count": count}
    text: str = environment.get_template(_TEMPLATE).render(
        workspace=workspace, assessed=assessed, states=tuple(_GLYPHS), glyphs=_GLYPHS
    )
    return text


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
