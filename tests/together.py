"""How the processes of pytest-xdist share the suite: which files one runs, and in which order."""

from __future__ import annotations

from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

FIXTURE = "gateway_tree"
"""Two trees written through a real gateway: 30 s of CPU for each process that needs them."""
WAITING = ("tests/real/", "tests/tui/")
"""Where tests wait for servers and screens, while those elsewhere keep a core busy."""
SHORT = "tests/unit/"
"""The last that are run: the end of no process is far from that of another."""


class Together(LoadFileScheduling):  # type: ignore[misc]  # as above
    """Gives files to processes one at a time, but for those that name FIXTURE, given at once."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        self._root = config.rootpath

    @cached_property
    def _sharing(self) -> frozenset[str]:
        return sharing(self._root)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid, self._sharing)


def unit(nodeid: str, sharers: frozenset[str]) -> str:
    """Return the name of what is given to one process whole: a test's file, or all sharers."""
    file = nodeid.partition("::")[0]
    return FIXTURE if file in sharers else file


def sharing(root: Path) -> frozenset[str]:
    """Return the test files below the root that name the fixture, as node ids begin."""
    files = (root / "tests").rglob("test_*.py")
    return frozenset(
        file.relative_to(root).as_posix() for file in files if FIXTURE in file.read_text()
    )


def mixed(files: Sequence[str]) -> list[str]:
    """Return the files in an order in which what waits is run beside what computes."""
    waiting = [file for file in files if file.startswith(WAITING)]
    short = [file for file in files if file.startswith(SHORT)]
    busy = [file for file in files if not file.startswith((*WAITING, SHORT))]
    pairs = zip_longest(busy, waiting)
    return [file for pair in pairs for file in pair if file is not None] + short
