"""An assessment as one HTML page that stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.control.html_page import render

if TYPE_CHECKING:
    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire

_TEMPLATE: Final = "assess/page.html"
_STATES: Final = ("fail", "warn", "unknown", "pass")


def page(workspace: wire.Workspace, assessed: wire_checks.Checks) -> str:
    """Return the page; the same assessment gives the same page."""
    return render(_TEMPLATE, workspace=workspace, assessed=assessed, states=_STATES)
