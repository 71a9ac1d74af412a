"""How long a copy will take: the slowest of its terms, as a range. Pure.

Time = max(bytes x C / B, objects / Ro, pins / Rp, rows / Rr): low with the fast ends of the rates,
high with the slow ones; C copies go out from here. Without a trial it is unknown (guide.md 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.display import count, duration, size
from core.ledger.counters import SIZE_BOUNDS

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.preflight.survey import Survey
    from core.preflight.trial import Rate, Trial


LINK_MBPS: Final = 1_000.0
"""What the guide reckons with (L49)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What there is to do. pins: bundles, as far as they can be foretold. copies: C."""

    size_bytes: int
    objects: int
    pins: int
    rows: int
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One bound of the time. low_s, high_s: None where the rate is unknown; text says why."""

    name: str
    low_s: float | None
    high_s: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The time of a copy. unknown: why there is no end to the range, else empty.

    low_s: at least this, if any rate is known. high_s: None as long as one is not.
    """

    low_s: float | None
    high_s: float | None
    unknown: str
    terms: tuple[Term, ...]


def load_of(
    survey: Survey, knobs: Knobs, *, copies: int, pinned: bool = True, archive: bool = True
) -> Load:
    """Return what a survey means to do.

    pinned: False for a folder, which has no pins. archive: old versions travel, too.
    """
    left = sum(one.objects for one in survey.classes if one.name in _LEFT) + _shut(survey)
    history = survey.versions + survey.markers
    current = max(0, survey.objects - left - history)
    carried = current + history if archive else current
    size_bytes = survey.carried_bytes(archive=archive)
    large, large_bytes = _above(survey, knobs.large_threshold)
    by_count = (carried - large) / knobs.batch_size
    by_bytes = max(0, size_bytes - large_bytes) / knobs.bundle_bytes
    pins = large + round(max(by_count, by_bytes, 1.0 if carried > large else 0.0))
    return Load(
        size_bytes=size_bytes,
        objects=carried,
        pins=pins if pinned else 0,
        rows=current,
        copies=copies,
    )


_LEFT: Final = frozenset(
    {"key_not_utf8", "special_file", "nested_sgwtmp", "leftover_temp", "symlink", "hidden_put"}
)
"""Classes that are no object of a bundle."""


def _shut(survey: Survey) -> int:
    return survey.unreadable.objects


def _above(survey: Survey, bound: int) -> tuple[int, int]:
    """Return objects and bytes of the size classes that lie above a bound, as a whole."""
    first = next((i for i, end in enumerate(SIZE_BOUNDS) if end >= bound), len(SIZE_BOUNDS))
    above = survey.histogram[first + 1 :]
    return sum(n for n, _ in above), sum(n for _, n in above)


def estimate(load: Load, trial: Trial | None) -> Estimate:
    """Return the time of a copy by what a trial measured; all unknown without one."""
    sent = load.size_bytes * load.copies
    if trial is None:
        hours = network_hours(gigabytes=sent / 1e9, copies=1, mbps=LINK_MBPS)
        link = f"a link of 1 Gbps alone would take {duration(hours * 3600)}"
        return Estimate(low_s=None, high_s=None, unknown=f"no trial was made; {link}", terms=())
    terms = (
        _term(
            "bytes",
            sent,
            trial.bytes_rate,
            f"{size(load.size_bytes)} x {load.copies} copies",
            trial.bytes_text,
        ),
        _term(
            "objects",
            load.objects,
            trial.objects_rate,
            f"{count(load.objects)} objects",
            trial.objects_text,
        ),
        _term("pins", load.pins, trial.pins_rate, f"{count(load.pins)} pins", trial.pins_text),
        _term("rows", load.rows, trial.rows_rate, f"{count(load.rows)} rows", trial.rows_text),
    )
    lows = [term.low_s for term in terms if term.low_s is not None]
    highs = [term.high_s for term in terms if term.high_s is not None]
    missing = [term for term in terms if term.high_s is None]
    unknown = "; ".join(f"{term.name}: {term.text}" for term in missing)
    return Estimate(
        low_s=max(lows, default=None),
        high_s=None if missing else max(highs),
        unknown=unknown,
        terms=terms,
    )


def _term(name: str, amount: float, rate: Rate | None, what: str, text: str) -> Term:
    if amount <= 0:
        return Term(name=name, low_s=0.0, high_s=0.0, text=what)
    if rate is None:
        return Term(name=name, low_s=None, high_s=None, text=text or "not measured")
    shown = size if name == "bytes" else _a_second
    told = f"{what} at {shown(rate.slow)} to {shown(rate.fast)} a second"
    told = f"{told}; {text}" if text else told
    return Term(name=name, low_s=amount / rate.fast, high_s=amount / rate.slow, text=told)


def _a_second(rate: float) -> str:
    return f"{rate:,.1f}"


def network_hours(*, gigabytes: float, copies: int, mbps: float) -> float:
    """Return the hours that a link alone takes: GB x 8000 x C / Mbps / 3600.

    10000 GB, 1000 Mbps, C 3: 66.7. The guide (L49) lacks the factor of 1000 and divides integers.
    """
    return gigabytes * 8000 * copies / mbps / 3600
