"""The command line as a child process: what the screen does that the API does not offer.

Starting the engine, and reading the ledger while no engine runs: the terminal knows neither.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, TypeVar

import msgspec

from core.control.wire.checks import Checks  # noqa: TC001 - msgspec reads annotations
from core.control.wire.plan import Plan  # noqa: TC001 - msgspec reads annotations
from core.control.wire.state import ErrorBody, Snapshot  # noqa: TC001 - msgspec reads annotations
from core.errors import EngineDown, NoAnswer, VgwmError

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T")
START_S = 90.0
LOOK_S = 15.0


class _Answer(msgspec.Struct):
    result: Snapshot


class _Assessed(msgspec.Struct):
    result: Checks


class _Planned(msgspec.Struct):
    result: Plan


class _Complaint(msgspec.Struct):
    error: ErrorBody


async def run(workspace: Path, *arguments: str, wait_s: float) -> tuple[int, bytes, bytes]:
    """Run one command line; returns exit code, stdout, stderr. Raises NoAnswer after wait_s."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tui.main", "-w", str(workspace), "--json", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(wait_s):
            out, err = await child.communicate()
    except TimeoutError as error:
        raise NoAnswer(
            what=f"vgwm {' '.join(arguments)} took longer than {wait_s:.0f} s",
            where=str(workspace),
            remedy="Run it in a shell to see what it waits for.",
        ) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return child.returncode if child.returncode is not None else 0, out, err


def _complaint(err: bytes, workspace: Path, code: int) -> VgwmError:
    """Return the error that a command line wrote to stderr."""
    for line in reversed(err.splitlines()):
        try:
            body = msgspec.json.decode(line, type=_Complaint).error
        except msgspec.DecodeError:
            continue
        return VgwmError(what=body.what, where=body.where, remedy=body.remedy)
    return EngineDown(
        what=f"the command ended with exit code {code}",
        where=str(workspace),
        remedy="engine.log in the workspace says why.",
    )


async def start_engine(workspace: Path) -> None:
    """Start the workspace's engine; returns when it answers, raises what kept it from that."""
    code, _, err = await run(workspace, "engine", "start", wait_s=START_S)
    if code:
        raise _complaint(err, workspace, code)


async def ledger_snapshot(workspace: Path) -> Snapshot:
    """Return the last facts, read from the ledger while no engine runs."""
    return (await _looked(workspace, _Answer)).result


async def ledger_checks(workspace: Path) -> Checks:
    """Return the last assessment, read from the ledger while no engine runs."""
    return (await _looked(workspace, _Assessed, "assess", "--last")).result


async def ledger_plan(workspace: Path) -> Plan:
    """Return the stored plan, read from the ledger while no engine runs."""
    return (await _looked(workspace, _Planned, "plan", "show")).result


async def _looked(workspace: Path, kind: type[_T], *arguments: str) -> _T:
    """Return what a command that only looks answered, whatever it found; raises what it said."""
    code, out, err = await run(workspace, *arguments, wait_s=LOOK_S)
    try:
        return msgspec.json.decode(out, type=kind)
    except msgspec.DecodeError as error:
        raise _complaint(err, workspace, code) from error
