"""Rows of one comparison: interleaved over rounds, each on a quiet machine, checked afterwards."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Protocol

from core.errors import VgwmError
from tests.bench import machine
from tests.bench.figures import Result, Take
from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.settings import Settings


class NotDone(Exception):
    """A row did not do its work; the message says what is missing."""


FAULTS = (NotDone, LabError, VgwmError, OSError, subprocess.SubprocessError)
"""What may happen to a row, and does not end the bench."""


def problem_of(error: BaseException) -> str:
    """Return an error on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


class Row(Protocol):
    """One way to do the work. The clock runs in `run` alone."""

    @property
    def name(self) -> str:
        """How tables call it."""
        ...

    def prepare(self) -> None:
        """Make ready what is not measured: fresh content, empty targets, started processes."""
        ...

    def run(self) -> Take:
        """Do the work."""
        ...

    def check(self) -> None:
        """Look at what was done. Raises NotDone."""
        ...

    def end(self) -> None:
        """End what still runs; called whatever happened."""
        ...


def order(rows: int, round_number: int) -> list[int]:
    """Return the rows' indexes in the order of a round: each round begins with another one."""
    return [(round_number + i) % rows for i in range(rows)]


def run_series(title: str, rows: Sequence[Row], settings: Settings) -> list[Result]:
    """Run every row once a round; return their results in the order of the rows.

    A row that fails is reported in its take, and the others go on.
    """
    takes: list[list[Take]] = [[] for _ in rows]
    for number in range(settings.rounds):
        for index in order(len(rows), number):
            row = rows[index]
            take = _take(row, settings)
            takes[index].append(take)
            told = take.problem or f"{take.objects:,} objects in {take.seconds:.2f} s"
            machine.say(f"{title}, round {number + 1} of {settings.rounds}: {row.name}: {told}")
    return [
        Result(name=row.name, takes=tuple(found)) for row, found in zip(rows, takes, strict=True)
    ]


def _take(row: Row, settings: Settings) -> Take:
    try:
        row.prepare()
        machine.wait_quiet(settings.wait_s)
        take = row.run()
        row.check()
    except FAULTS as error:
        return Take(problem=problem_of(error))
    finally:
        row.end()
    return take
