"""What a confirmed plan may cost: figures may move below these, never past them (I8). Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

LEAST_PAUSE_S: Final = 30.0
COPY_PAUSE_S: Final = 86_400.0
RISK_OBJECTS: Final = 100_000
RISK_BYTES: Final = 100 * 1024**3


class Limits(NamedTuple):
    """What a plan may reach before it stops.

    pause_s: how long clients' writes may be held back. objects, size_bytes: of data at risk behind
    the flip, above which the reverse copy's gate is red.
    """

    pause_s: float
    objects: int = RISK_OBJECTS
    size_bytes: int = RISK_BYTES


def limits(freeze_budget_s: float, *, copies: bool = False) -> Limits:
    """Return the limits of a plan: a gate holds forecasts below the budget, a pause below twice.

    copies: everything is copied under the fence: a maintenance window of a day at most.
    """
    return Limits(pause_s=COPY_PAUSE_S if copies else max(LEAST_PAUSE_S, 2 * freeze_budget_s))


def deadline_s(forecast_s: float | None, most: Limits) -> float:
    """Return the deadline of states 7 to 9: twice the forecast, 30 s at least, within limits."""
    if forecast_s is None:
        return most.pause_s
    return min(max(LEAST_PAUSE_S, 2 * forecast_s), most.pause_s)
