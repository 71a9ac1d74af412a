"""Running `vgwm` as an operator does: a scrubbed environment, a workspace.

It is the installed script, or a fork of a process that has loaded what the script does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.forks import LIMIT_S, forks
from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

SCRIPT = Path(sys.executable).with_name("vgwm")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def result(self) -> dict[str, object]:
        """Return the `result` of a `--json` answer. Raises LabError with what was said instead."""
        if not self.out.strip():
            raise LabError(f"ended with {self.code} and without an answer: {self.err[-2_000:]}")
        told = json.loads(self.out.splitlines()[-1])["result"]
        if not isinstance(told, dict):
            raise LabError(f"no object: {self.out}")
        return told

    def rows(self) -> list[dict[str, object]]:
        """Return the rows of a `--json` list."""
        return [json.loads(line) for line in self.out.splitlines()]


class Vgwm:
    """Commands on one workspace. Leaving the context stops the workspace's engine."""

    def __init__(
        self, workspace: Path, secrets: Mapping[str, str] | None = None, *, forked: bool = True
    ) -> None:
        self.workspace = workspace
        self._forked = forked
        home = workspace.parent / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "LANG": "C.UTF-8",
        }
        self._environment |= {"VGWM_ACTOR": "lab", **(secrets or {})}

    def run(self, *words: str, code: int | None = 0) -> Ran:
        """Run one command; raise LabError when it ends in another code (None: any)."""
        argv = ["-w", str(self.workspace), *words]
        ran = self._fork(argv) if self._forked else self._start(argv)
        if code is not None and ran.code != code:
            raise LabError(
                f"vgwm {' '.join(words[:2])} ended with {ran.code}, not {code}:\n"
                f"{ran.out[-1_000:]}\n{ran.err[-2_000:]}\n{self._log()}"
            )
        return ran

    def _fork(self, argv: list[str]) -> Ran:
        begun = forks(self._environment["LANG"]).begin(
            argv, self._environment, self.workspace.parent
        )
        code, out, err = begun.wait()
        return Ran(code, out.decode(), err.decode())

    def _start(self, argv: list[str]) -> Ran:
        done = subprocess.run(  # noqa: S603 - our own script
            [str(SCRIPT), *argv],
            cwd=self.workspace.parent,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        """Stop the engine, if one runs."""
        if (self.workspace / "vgwm.yaml").exists():
            self.run("engine", "stop", code=None)

    def _log(self) -> str:
        log = self.workspace / "engine.log"
        return log.read_text()[-3_000:] if log.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
