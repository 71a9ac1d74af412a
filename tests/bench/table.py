"""Markdown tables of results. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.figures import Goal, Result, Spread, Unit, Verdict, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NONE = "-"


class Figure(NamedTuple):
    """A figure that is no rate: its spread, how to show it, its goal if it has one."""

    name: str
    spread: Spread | None
    text: str
    goal: Goal | None = None
    problem: str = ""


class Section(NamedTuple):
    """A part of the report. failed: a row could not run, or did not do its work."""

    text: str
    failed: bool = False


def section(
    title: str, ours: str, results: Sequence[Result], unit: Unit, goals: Mapping[str, Goal]
) -> Section:
    """Return a table of rates under its title."""
    table = rates(ours, results, unit, goals)
    return Section(f"### {title}\n\n{table}", any(result.problem for result in results))


def rates(ours: str, results: Sequence[Result], unit: Unit, goals: Mapping[str, Goal]) -> str:
    """Return one table of rates.

    ours: the row that the others are held against; a ratio stands in the other's row. goals: the
    least ratio by row; for `ours` itself, the least rate.
    """
    groups = list(dict.fromkeys(name for result in results for name in result.cpu_us()))
    head = ["row", unit.value, "min..max", "ratio", "goal", "state", *(f"{g} µs" for g in groups)]
    mine = next((result for result in results if result.name == ours), None)
    rows = [_rate_row(result, mine, unit, goals.get(result.name), groups) for result in results]
    return markdown([*head, "foreign"], rows, left=1)


def figures(title: str, rows: Sequence[Figure]) -> Section:
    """Return a table of figures that are no rates, under its title."""
    head = ["figure", "median", "min..max", "goal", "state"]
    table = markdown(head, [_figure_row(row) for row in rows], left=1)
    return Section(f"### {title}\n\n{table}", any(row.problem for row in rows))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Return a table with aligned columns, the first `left` of them to the left."""
    widths = [max(3, *(len(row[i]) for row in [head, *rows])) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        shown = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(shown)} |"

    rule = ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


def _rate_row(
    result: Result, ours: Result | None, unit: Unit, goal: Goal | None, groups: Sequence[str]
) -> list[str]:
    rate = result.rate(unit)
    if rate is None:
        return [f"{result.name}: {result.problem}", *[NONE] * (6 + len(groups))]
    held, shown, verdict = NONE, NONE, Verdict.NONE
    if ours is not None and result is not ours:
        found = ratio(ours, result, unit)
        held = NONE if found is None else f"{found:.2f}"
        if goal is not None:
            shown = goal.show()
            verdict = Verdict.NONE if found is None else goal.verdict(found)
    elif goal is not None:
        shown, verdict = goal.show("{:,.0f}"), goal.verdict(rate.middle)
    cpu = result.cpu_us()
    return [
        result.name,
        unit.show(rate.middle),
        f"{unit.show(rate.least)}..{unit.show(rate.most)}",
        held,
        shown,
        verdict.value,
        *(f"{cpu[group]:,.1f}" if group in cpu else NONE for group in groups),
        f"{result.foreign() or 0.0:.0%}",
    ]


def _figure_row(row: Figure) -> list[str]:
    if row.spread is None:
        name = f"{row.name}: {row.problem}" if row.problem else row.name
        return [name, NONE, NONE, NONE, ""]
    middle, least, most = (row.text.format(value) for value in row.spread)
    goal = NONE if row.goal is None else row.goal.show(row.text)
    verdict = "" if row.goal is None else row.goal.verdict(row.spread.middle).value
    spread = NONE if least == most else f"{least}..{most}"
    return [row.name, middle, spread, goal, verdict]
