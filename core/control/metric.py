"""A family of metrics, as it is rendered. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sample(NamedTuple):
    """One line: labels but the workspace's, which every line carries, and the value.

    suffix: of the name, for the lines of a histogram.
    """

    labels: tuple[tuple[str, str], ...]
    value: float
    suffix: str = ""


class Metric(NamedTuple):
    """One family: its name after `vgwm_`, type, help, samples."""

    name: str
    kind: str
    tells: str
    samples: list[Sample]


def by(label: str, values: Iterable[tuple[str, float]]) -> list[Sample]:
    """Return a sample a value, told apart by one label."""
    return [Sample(((label, name),), value) for name, value in values]
