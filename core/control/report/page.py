"""A report as one HTML page that stands alone, and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.control.html_page import render

if TYPE_CHECKING:
    from core.control.wire.report import Report

_TEMPLATE: Final = "report/page.html"


def page(made: Report) -> str:
    """Return the page; the same report gives the same page."""
    return render(_TEMPLATE, r=made)
