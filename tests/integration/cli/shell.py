"""Runs `vgwm` as a shell would, and keeps what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.forks import can_fork, forks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    def result(self) -> dict[str, object]:
        """Return the result of the envelope that --json prints."""
        envelope = json.loads(self.out)
        assert set(envelope) == {"v", "command", "workspace", "at", "result", "warnings"}
        result: dict[str, object] = envelope["result"]
        return result

    def error(self) -> dict[str, str]:
        """Return the error that --json prints on stderr."""
        error: dict[str, str] = json.loads(self.err.splitlines()[-1])["error"]
        assert set(error) == {"code", "what", "where", "remedy"}
        return error


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without the caller's: no VGWM_*, no guide's variables, no HOME."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "LOGNAME": "tester", **(more or {})}


async def start(
    *arguments: str, home: Path, env: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Begin `vgwm` with these arguments."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tui.main", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home, env),
        preexec_fn=_hear_ctrl_c,
    )


def _hear_ctrl_c() -> None:
    """Undo what a shell does to its background jobs, of which the suite may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def vgwm(*arguments: str, home: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run `vgwm` to its end, in a fork of a process that has loaded it."""
    whole = environment(home, env)
    if not can_fork(whole):
        return await program(*arguments, home=home, env=env)
    begun = forks(whole.get("LANG")).begin(arguments, whole)
    try:
        code, out, err = await asyncio.to_thread(begun.wait)
    except BaseException:
        begun.kill()
        raise
    return Ran(code, out.decode(), err.decode())


async def program(*arguments: str, home: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run `vgwm` to its end as a shell does: an interpreter starts, and ends."""
    process = await start(*arguments, home=home, env=env)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


def python(script: str, *, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in an interpreter of its own."""
    return _run([sys.executable, "-c", script], home)


def bash(line: str, *, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell of its own."""
    return _run(["/bin/bash", "-c", line], home)


def _run(argv: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the words are the test's own
        argv, capture_output=True, text=True, check=False, env=environment(home)
    )
