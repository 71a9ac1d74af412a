"""How the sums of the failures are said, on screens and in plain lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display

if TYPE_CHECKING:
    from core.control.wire import state as wire


def where_failed(now: wire.Snapshot) -> str:
    """Return in which phases objects failed, and what lists them."""
    phases = ", ".join(f"{display.count(n)} in {name}" for name, n in now.failed_phases.items())
    return "; ".join(part for part in (phases, "vgwm errors lists them") if part)


def skipped_parts(totals: wire.Totals) -> tuple[str, ...]:
    """Return what is left behind: by the plan's walk, and by operators."""
    n = display.count(totals.skipped)
    return (n, f"{display.count(totals.waived)} by operators") if totals.waived else (n,)
