"""The Markdown that the bench prints."""

from __future__ import annotations

from tests.bench.figures import Goal, Result, Spread, Take, Unit
from tests.bench.table import Figure, figures, section

OURS = Result(
    name="ours",
    takes=(
        Take(objects=100, seconds=1, cpu_s={"engine": 0.002}, foreign=0.01),
        Take(objects=100, seconds=2, cpu_s={"engine": 0.004}, foreign=0.03),
        Take(objects=100, seconds=4, cpu_s={"engine": 0.006}, foreign=0.20),
    ),
)
PEER = Result(name="peer", takes=(Take(objects=100, seconds=1, cpu_s={"kubo": 0.001}),))
LIMIT = Result(name="limit", takes=(Take(objects=200, seconds=1),))
LAME = Result(name="lame", takes=(Take(problem="a root is not pinned"),))


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_table_of_rates_tells_ratio_goal_and_verdict_in_the_others_rows() -> None:
    goals = {"peer": Goal(0.4, 0.6), "limit": Goal(0.5)}
    told = section("P0: something", "ours", [OURS, PEER, LIMIT], Unit.OBJECTS, goals)
    assert not told.failed
    title, _, head, rule, *rows = told.text.splitlines()
    assert title == "### P0: something"
    assert cells(head)[:6] == ["row", "objects/s", "min..max", "ratio", "goal", "state"]
    assert cells(head)[6:] == ["engine µs", "kubo µs", "foreign"]
    assert [cell.endswith(":") for cell in cells(rule)] == [False, *[True] * 8]
    assert [cells(row) for row in rows] == [
        ["ours", "50.0", "25.0..100", "-", "-", "", "40.0", "-", "3%"],
        ["peer", "100", "100..100", "0.50", "0.4 (0.6)", "ok", "-", "10.0", "0%"],
        ["limit", "200", "200..200", "0.25", "0.5", "below", "-", "-", "0%"],
    ]
    assert len({len(line) for line in [head, rule, *rows]}) == 1


def test_a_row_that_did_not_do_its_work_says_why_and_fails_the_section() -> None:
    told = section("P0", "ours", [OURS, LAME], Unit.OBJECTS, {"lame": Goal(0.5)})
    assert told.failed
    row = told.text.splitlines()[-1]
    assert "lame: a root is not pinned" in row
    assert "ok" not in row
    assert "below" not in row


def test_a_rate_of_ours_may_have_a_goal_of_its_own() -> None:
    told = section("P0", "ours", [OURS], Unit.ENTRIES, {"ours": Goal(100_000, 150_000)})
    assert "100,000 (150,000) | below" in told.text


def test_figures_that_are_no_rates_stand_beside_what_they_may_be_at_most() -> None:
    rows = [
        Figure("help", Spread(80.0, 70.0, 95.0), "{:.0f} ms", Goal(150, 80, most=True)),
        Figure("bare", Spread(12.0, 12.0, 12.0), "{:.0f} ms"),
    ]
    told = figures("P0", rows)
    assert not told.failed
    help_row, bare_row = told.text.splitlines()[-2:]
    assert "70 ms..95 ms | <= 150 ms (80 ms) |    ok" in help_row
    assert bare_row.count("-") == 2
    assert figures("P0", [Figure("help", None, "{}", problem="it failed")]).failed
