"""Running `vgwm` as an operator does: the installed script, a scrubbed environment, a workspace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

SCRIPT = Path(sys.executable).with_name("vgwm")
LIMIT_S = 110


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

    def __init__(self, workspace: Path, secrets: Mapping[str, str] | None = None) -> None:
        self.workspace = workspace
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
        done = subprocess.run(  # noqa: S603 - our own script
            [str(SCRIPT), "-w", str(self.workspace), *words],
            cwd=self.workspace.parent,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if code is not None and done.returncode != code:
            raise LabError(
                f"vgwm {' '.join(words[:2])} ended with {done.returncode}, not {code}:\n"
                f"{done.stdout[-1_000:]}\n{done.stderr[-2_000:]}\n{self._log()}"
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
