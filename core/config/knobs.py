"""The knobs: settings of a migration's work, each with bounds, one text form and a use.

A value is written with its unit (`128MiB`, `5s`). Live ones are in force within 2 s, the others
for what begins later. The ledger's values win over those of `vgwm.yaml`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, Literal

from core.config.kinds import Choice, Count, Duration, Kind, KnobValue, Limit, Patience, Size, Times
from core.config.schedule import ALL_TIMES, Schedule
from core.display import safe
from core.errors import BadInput
from core.model import GIB, KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """The values of all knobs: counts, bytes, bytes/s (bandwidth), seconds (delays, timeouts).

    The defaults are the guide's (L457, L469) where it has one.
    """

    workers: int = 10
    batch_size: int = 1000
    bundle_bytes: int = 128 * MIB
    retry_attempts: int = 3
    retry_delay: float = 5.0
    timeout: float = 300.0
    large_threshold: int = 100 * MIB
    segment_size: int = 64 * MIB
    segment_concurrency: int = 5
    etag: Literal["verify", "trust", "off"] = "verify"
    inflight_bytes: int = 512 * MIB
    node_bundles: int = 2
    bandwidth: int | None = None
    windows: Schedule = ALL_TIMES
    pin_inflight: int = 64
    pin_queue_max: int = 1000
    source_p99_max: float | None = None
    autotune: Literal["on", "off"] = "off"
    round_interval: float = 60.0
    freeze_budget: float = 60.0
    reverse_interval: float = 5.0
    watch_window: float = 86_400.0
    max_delete: int = 1000

    def with_value(self, name: str, text: str) -> Knobs:
        """Return the knobs with one of them set from its text.

        Raises BadInput: no such knob (names the nearest), no such form, out of bounds (names them).
        """
        spec = spec_of(name)
        try:
            value = spec.kind.parse(text)
        except BadInput as e:
            raise BadInput(
                what=e.what, where=f"knob {name}", remedy=f"Accepted: {spec.kind.bounds}."
            ) from e
        changed: Mapping[str, object] = {name: value}
        return replace(self, **changed)  # type: ignore[arg-type] # the kind gives the field's type

    def with_values(self, values: Mapping[str, str]) -> Knobs:
        """Return the knobs with several set: all or, by BadInput, none."""
        knobs = self
        for name, text in values.items():
            knobs = knobs.with_value(name, text)
        return knobs

    def text(self, name: str) -> str:
        """Return the text of one knob's value; with_value reads it back."""
        spec = spec_of(name)
        value: KnobValue = getattr(self, name)
        return spec.kind.show(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobSpec:
    """What is known of a knob beside its value. live: in force within 2 s. use: one sentence."""

    name: str
    kind: Kind
    live: bool
    use: str

    @property
    def default(self) -> str:
        """The default's text."""
        return DEFAULTS.text(self.name)


DEFAULTS: Final = Knobs()


def _spec(name: str, kind: Kind, use: str, *, live: bool = False) -> KnobSpec:
    return KnobSpec(name=name, kind=kind, live=live, use=use)


SPECS: Final = (
    _spec("workers", Count(0, 256), "Worker processes on this host; 0 stops copying.", live=True),
    _spec("batch_size", Count(1, 10_000), "Objects of a bundle."),
    _spec("bundle_bytes", Size(MIB, GIB), "Content of a bundle."),
    _spec("retry_attempts", Count(0, 100), "Tries of an object that changed or failed."),
    _spec("retry_delay", Duration(0.1, 60.0), "Wait before a retry; it doubles up to 60s."),
    _spec("timeout", Duration(10.0, 86_400.0), "Longest time without progress of one bundle."),
    _spec("large_threshold", Size(MIB, 1 << 50), "Objects above it are bundles of their own."),
    _spec("segment_size", Size(MIB, GIB, MIB), "Content of a large object's segment."),
    _spec("segment_concurrency", Count(1, 64), "Segments in flight, over all large objects."),
    _spec("etag", Choice(("verify", "trust", "off")), "What becomes of a stored MD5."),
    _spec("inflight_bytes", Size(16 * MIB, 1 << 46), "Content copied and not yet sent.", live=True),
    _spec("node_bundles", Count(1, 16), "Imports in flight to one Kubo node.", live=True),
    _spec("bandwidth", Limit(64 * KIB), "Bytes per second sent, all copies counted.", live=True),
    _spec("windows", Times(), "Times in which copying is allowed.", live=True),
    _spec("pin_inflight", Count(1, 1024), "Bundles whose pin is waited for.", live=True),
    _spec(
        "pin_queue_max", Count(1, 1_000_000), "A peer's pin queue that stops new pins.", live=True
    ),
    _spec(
        "source_p99_max",
        Patience(0.001, 60.0),
        "Slowest reads that the source is to see; above, fewer workers read.",
        live=True,
    ),
    _spec("autotune", Choice(("on", "off")), "Find the number of workers by measuring.", live=True),
    _spec("round_interval", Duration(1.0, 86_400.0), "Rest between a sync's rounds.", live=True),
    _spec(
        "freeze_budget", Duration(1.0, 86_400.0), "Longest pause of writes at cutover.", live=True
    ),
    _spec(
        "reverse_interval",
        Duration(0.2, 3_600.0),
        "Rest between two looks at what green accepted.",
        live=True,
    ),
    _spec(
        "watch_window",
        Duration(1.0, 2_592_000.0),
        "How long green is watched before a cutover may be committed.",
        live=True,
    ),
    _spec(
        "max_delete",
        Count(0, 1 << 50),
        "Deletes of a round that need no yes; 1 % of all objects where that is more.",
        live=True,
    ),
)
_BY_NAME: Final = {spec.name: spec for spec in SPECS}


def spec_of(name: str) -> KnobSpec:
    """Return what is known of a knob; BadInput names the nearest one if there is none."""
    spec = _BY_NAME.get(name)
    if spec is None:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        raise BadInput(
            what=f"there is no knob {safe(name)}",
            where="knobs",
            remedy=f"Did you mean {near[0]}?" if near else f"Knobs: {', '.join(_BY_NAME)}.",
        )
    return spec


def changed(knobs: Knobs) -> dict[str, str]:
    """Return name and text of the knobs that are not at their default: for a file or the ledger."""
    names = [f.name for f in fields(Knobs)]
    return {n: knobs.text(n) for n in names if getattr(knobs, n) != getattr(DEFAULTS, n)}
