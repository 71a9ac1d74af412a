"""A process that gets ready, waits for its start, works, tells its figures, and waits to be ended.

So its imports are not in the clock, and its CPU can be read before it is gone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

GRACE_S = 10.0


class Program:
    """One such process, from outside."""

    def __init__(self, module: str, *words: str) -> None:
        self._name = module
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ready(self) -> None:
        """Wait until it can begin."""
        if self._line() != "ready":
            raise LabError(f"{self._name} is not ready")

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, float]:
        """Wait for its figures."""
        told = json.loads(self._line() or "{}")
        return {str(name): float(value) for name, value in told.items()}

    def close(self) -> None:
        """Let it end; kill one that does not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(GRACE_S)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(GRACE_S)
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait(GRACE_S)
            raise LabError(f"{self._name} ended with {code}; its words stand above")
        return line.strip()


def serve(work: Callable[[], Mapping[str, float]]) -> None:
    """Be such a process."""
    print("ready", flush=True)  # noqa: T201 - the protocol
    if sys.stdin.readline():
        print(json.dumps(dict(work())), flush=True)  # noqa: T201 - the protocol
        sys.stdin.read()
