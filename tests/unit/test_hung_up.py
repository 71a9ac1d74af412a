"""A window that is gone hides no exit code: what cannot be written any more is let go."""

from __future__ import annotations

import os
import subprocess
import sys

CHILD = """
import sys
from tui.terminal import signals
sys.stdout.write("a last word")
{let_go}
sys.exit(129)
"""


def left(let_go: str) -> int:
    """Run a child whose output nobody takes any more; return its exit code."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-E", "-c", CHILD.format(let_go=let_go)],
            stdout=writes,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    finally:
        os.close(writes)


def test_the_exit_code_of_a_closed_window_stands() -> None:
    assert left("") == 120  # what Python makes of it alone
    assert left("signals.let_go()") == 129
