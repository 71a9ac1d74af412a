"""`python -m tests.bench [--workers N] [--rounds N] [--keep] [GOAL..]`: figures beside goals.

BENCH_SCALE shrinks the numbers of objects (the figures then mean nothing), BENCH_DIR names the work
folder (else `.bench`), BENCH_TMPFS a folder in memory, BENCH_WAIT_S the longest wait for a quiet
machine. A figure below its goal is no failure; a row that could not run or do its work is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import machine
from tests.bench.local import run_local, small_tree
from tests.bench.planning import many_tree, run_planning
from tests.bench.settings import Settings, tmpfs_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GOALS = ("p3", "p4", "p6")
DONE, NOT_DONE, MISUSED = 0, 1, 2


def main(words: Sequence[str]) -> int:
    """Run the goals that are named, or all; return the exit code."""
    given = _parser().parse_args(words)
    goals = {goal.lower() for goal in given.goals} or set(GOALS)
    unknown = goals - set(GOALS)
    if unknown:
        machine.say(f"no such goal: {', '.join(sorted(unknown))}; there are {', '.join(GOALS)}")
        return MISUSED
    settings = _settings(given.workers, given.rounds)
    settings.folder.mkdir(parents=True)
    try:
        bad = _run(settings, goals)
    finally:
        if not given.keep:
            _remove(settings)
    return NOT_DONE if bad else DONE


def _run(settings: Settings, goals: set[str]) -> bool:
    if settings.scale < 1:
        _print(f"BENCH_SCALE={settings.scale:g}: a trial; its figures mean nothing\n")
    for line in machine.facts(settings.folder):
        _print(f"- {line}")
    _print(f"- files made a second at the start: {machine.creation_rate(settings.folder):,.0f}")
    bad = False
    for chapter in _chapters(settings, goals):
        for text in chapter():
            bad = bad or ": did not" in text
            _print(f"\n{text}")
    rate = machine.creation_rate(settings.folder)
    _print(f"\n- files made a second at the end: {rate:,.0f}")
    return bad


def _chapters(settings: Settings, goals: set[str]) -> Iterator[Callable[[], list[str]]]:
    small = small_tree(settings)
    if goals & {"p3", "p4"}:
        yield lambda: run_local(settings, small, goals)
    if "p6" in goals:
        yield lambda: run_planning(settings, many_tree(settings))


def _settings(workers: int | None, rounds: int) -> Settings:
    base = Path(os.environ.get("BENCH_DIR") or ".bench").absolute()
    name = f"run-{os.getpid()}"
    return Settings(
        folder=base / name,
        tmpfs=tmpfs_folder(f"vgwm-bench-{name}"),
        scale=float(os.environ.get("BENCH_SCALE") or 1),
        rounds=rounds,
        workers=workers,
        wait_s=float(os.environ.get("BENCH_WAIT_S") or 60),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Figures beside goals.")
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {', '.join(GOALS)}")
    parser.add_argument("--workers", type=int, help="worker processes; else 2, on the stack 4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="leave the work folder behind")
    return parser


def _remove(settings: Settings) -> None:
    """Remove what was made: the very last act, because it slows a disk down for a while."""
    machine.say(f"removing {settings.folder}")
    shutil.rmtree(settings.folder, ignore_errors=True)
    if settings.tmpfs is not None:
        shutil.rmtree(settings.tmpfs, ignore_errors=True)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
