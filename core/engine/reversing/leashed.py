"""Becomes another program that ends with its parent, however that ends.

    python -I -S leashed.py PARENT_PID ARGV..

A script of its own: between fork and exec of a process with threads nothing may run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def main(parent: int, argv: list[str]) -> None:
    """Put on the leash, then become the program. Does not return."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        sys.exit("the kernel knows no leash")
    if os.getppid() != parent:
        sys.exit("the parent is gone")  # it died before the leash held
    os.execvp(argv[0], argv)  # noqa: S606 - the operator's own argv, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
