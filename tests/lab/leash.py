"""Start a program that dies with its parent: `leash.py PARENT PROGRAM ARG...`.

A file of its own, run by a fresh interpreter: the same call in a `preexec_fn` would run Python
between fork and exec of a process that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the parent's death, then become the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit("prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent died before the leash was on")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the program is the purpose


if __name__ == "__main__":
    main()
