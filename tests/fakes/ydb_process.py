"""The stand-in for YDB as a process of its own: started, killed, started again on its port."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class YdbProcess:
    """file: where it keeps its tables. options: as the stand-in's command line takes them."""

    def __init__(self, file: Path, *options: str) -> None:
        self._file = file
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def spec(self) -> str:
        """The address, after `ydb:`."""
        scheme = "grpcs" if "--cert" in self._options else "grpc"
        return f"{scheme}://localhost:{self.port}/local"

    def start(self, *more: str) -> None:
        """Start it, on the port it had before. more: options of this run only."""
        command = [sys.executable, "-m", "tests.fakes.ydb_server", "--file", str(self._file)]
        # Every word of the command is this file's or its test's own.
        self._process = subprocess.Popen(  # noqa: S603
            [*command, "--port", str(self.port), *self._options, *more],
            cwd=ROOT,
            env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), f"the stand-in did not start: {line!r}"
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
