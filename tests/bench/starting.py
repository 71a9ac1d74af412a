"""P9: how long one waits for the command line's help, and for the application's first picture."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from tests.bench import machine
from tests.bench.figures import Goal, Spread
from tests.bench.ground import Ground, expect
from tests.bench.series import FAULTS, problem_of
from tests.bench.table import Figure, Section, figures
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab.process import Keeper
from tests.lab.vgwm import SCRIPT
from tests.tui.terminal import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.settings import Settings

TIMES = 10
PAINTS = 5
MILLISECONDS = "{:.0f} ms"
TITLE = b"Home"
"""A word of the first screen's head line."""

APPLICATION = """
import sys
sys.argv = ["vgwm", "-w", sys.argv[1]]
from tui.main import main
main()
"""


def run_starting(settings: Settings) -> list[Section]:
    """Run P9; return its table."""
    machine.wait_quiet(settings.wait_s)
    bare, help_ = [], []
    for _ in range(TIMES):
        bare.append(_ms(lambda: _run([sys.executable, "-I", "-S", "-c", "pass"])))
        help_.append(_ms(lambda: _run([str(SCRIPT), "--help"])))
    rows = [
        Figure("bare interpreter", Spread.of(bare), MILLISECONDS),
        Figure("vgwm --help", Spread.of(help_), MILLISECONDS, Goal(150, 80, most=True)),
    ]
    machine.say(f"starting: help in {Spread.of(help_).middle:.0f} ms")
    name = "first paint of the terminal application"
    try:
        paints = Spread.of(_paints(settings))
    except (*FAULTS, AssertionError) as error:
        rows.append(Figure(name, None, MILLISECONDS, problem=problem_of(error)))
    else:
        rows.append(Figure(name, paints, MILLISECONDS, Goal(1_000, 600, most=True)))
    return [figures(f"P9: starting, median of {TIMES}", rows)]


def _paints(settings: Settings) -> list[float]:
    """Open the application on a workspace whose engine runs, several times."""
    ground = Ground(settings.folder / "starting", drops=False)
    here = ground.fresh("vgwm")
    tree = Tree(root=here / "source", objects=4, size_bytes=64)
    tree.make()
    make_workspace(here / "ws", tree.root, DirTarget(path=here / "out"), workers=1)
    with Keeper() as keeper:
        engine = VgwmEngine(here / "ws", keeper)
        engine.start()
        expect("objects", engine.migrate().objects, tree.objects)
        machine.wait_quiet(settings.wait_s)
        return [_paint(here / "ws", here) for _ in range(PAINTS)]


def _paint(workspace: Path, home: Path) -> float:
    began_s = time.monotonic()
    with opened(workspace, home, code=APPLICATION) as terminal:
        terminal.until_written(TITLE)
        painted_s = next(
            at_s
            for n, (at_s, _) in enumerate(terminal.chunks)
            if TITLE in b"".join(written for _, written in terminal.chunks[: n + 1])
        )
    return (painted_s - began_s) * 1e3


def _run(words: list[str]) -> None:
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - our own commands


def _ms(work: Callable[[], object]) -> float:
    return machine.timed(work) * 1e3
