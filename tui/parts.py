"""The parts of the Plan screen."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """What the Plan screen shows; the value is what its head says."""

    SIZES = "sizes"
    LOSSES = "cannot carry"
    TIME = "time and gates"
    WAY = "strategy"
