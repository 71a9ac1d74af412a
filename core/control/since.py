"""A moment as an operator writes it: an ISO time, or how long ago. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from core.config.units import parse_duration
from core.display import safe
from core.errors import BadInput
from core.model import NS_PER_S

MARGIN_NS = 5 * NS_PER_S
"""What is taken off: writes that were under way then are looked at, too."""


def since_ns(text: str, now_ns: int) -> int:
    """Return the moment in ns UTC, less a margin. A time without a zone is UTC. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None:
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        moment_ns = int(at.timestamp()) * NS_PER_S
    else:
        try:
            moment_ns = now_ns - int(parse_duration(text) * NS_PER_S)
        except BadInput as error:
            raise BadInput(
                what=f"{safe(text)} is no time",
                where="--since",
                remedy="Write it as 2026-01-31T08:00:00Z, or as how long ago: 24h, 30m.",
            ) from error
    return max(0, moment_ns - MARGIN_NS)
