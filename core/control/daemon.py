"""Starts and stops an engine process, from outside it."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import psutil

from core.control.client import COMMAND_LOOK_S, Client
from core.control.keeper import KEEPER_LOCK, READY, open_log
from core.control.refusal import raised
from core.control.wire import state as wire
from core.display import safe
from core.errors import EngineDown, NoAnswer, WrongState
from core.ledger.lock import LOCK_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from core.errors import VgwmError

LOG_NAME = "engine.log"
START_S = 60.0
"""A large ledger is recounted before the engine answers (0.25 s a million rows)."""
STOP_S = 60.0
_POLL_S = 0.05
_MOST_WORDS = 64 << 10


class Started(NamedTuple):
    """An engine that answers. fresh: this call began it."""

    pid: int
    fresh: bool


def running_pid(workspace: Path) -> int | None:
    """Return the pid of the engine that answers, or None. Raises NoAnswer if one is silent."""

    async def look() -> int:
        async with Client(workspace, look_s=COMMAND_LOOK_S) as client:
            return (await client.snapshot()).engine.pid

    try:
        return asyncio.run(look())
    except EngineDown:
        return None


def start_engine(workspace: Path) -> Started:
    """Begin an engine in a session of its own, with a keeper, and return when it answers.

    Its log is appended to engine.log. Raises whatever kept it from starting.
    """
    running = running_pid(workspace)
    if running is not None:
        return Started(running, fresh=False)
    read_end, write_end = os.pipe()
    try:
        log = open_log(workspace)
        try:
            subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    *(sys.executable, "-m", "tui.main", "engine", "keep"),
                    *("-w", str(workspace), "--ready-fd", str(write_end)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=(write_end,),
                start_new_session=True,
            )
        finally:
            os.close(log)
            os.close(write_end)
            write_end = -1
        said = _first_word(read_end)
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)
    if said.startswith(READY):
        return Started(int(said.removeprefix(READY)), fresh=True)
    error = _not_started(said, workspace)
    if isinstance(error, WrongState) and not isinstance(error, EngineDown):
        # Somebody began one in the same moment: that one serves as well, once it answers.
        other = _other_pid(workspace)
        if other is not None:
            return Started(other, fresh=False)
    raise error


def _other_pid(workspace: Path) -> int | None:
    """Wait for the engine that holds the workspace to answer; None if it does not."""
    until_s = time.monotonic() + START_S
    while (pid := running_pid(workspace)) is None and time.monotonic() < until_s:
        time.sleep(_POLL_S)
    return pid


def _first_word(read_end: int) -> bytes:
    """Return what the engine says of its start: ready, an ErrorBody, or nothing if it died."""
    deadline = time.monotonic() + START_S
    said = bytearray()
    while len(said) < _MOST_WORDS:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not select.select([read_end], [], [], left_s)[0]:
            return b"late"
        piece = os.read(read_end, _MOST_WORDS)
        said += piece
        if not piece or said.endswith(b"\n"):
            break
    return bytes(said)


def _not_started(said: bytes, workspace: Path) -> VgwmError:
    log = safe(str(workspace / LOG_NAME))
    if said == b"late":
        return NoAnswer(
            what=f"the engine began and does not answer after {START_S:.0f} s",
            where=log,
            remedy="It may still be recounting a large ledger: vgwm engine status.",
        )
    try:
        return raised(msgspec.json.decode(said, type=wire.ErrorBody))
    except msgspec.DecodeError:
        return EngineDown(
            what="the engine ended while it started",
            where=log,
            remedy="The end of that file says why.",
        )


def stop_engine(workspace: Path, *, actor: str, takeover: str = "") -> int | None:
    """End the engine and return its pid once the process is gone; None if none ran.

    Asked over the API; one that does not answer is sent SIGTERM. Its keeper ends with it; one that
    waits to start a crashed engine again is ended too. Raises NoAnswer after STOP_S.
    """

    async def ask() -> int:
        async with Client(workspace, takeover=takeover, look_s=COMMAND_LOOK_S) as client:
            pid = (await client.snapshot()).engine.pid
            await client.stop_engine(actor=actor)
            return pid

    keeper = _lock_holder(workspace, KEEPER_LOCK)
    try:
        pid = asyncio.run(ask())
    except EngineDown:
        if keeper is None:
            return None
        os.kill(keeper, signal.SIGTERM)
        pid = keeper
    except NoAnswer:
        silent = _lock_holder(workspace, LOCK_NAME)
        if silent is None:
            return None
        os.kill(silent, signal.SIGTERM)
        pid = silent
    _wait_gone(pid)
    if keeper is not None:
        _wait_gone(keeper)
    return pid


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + STOP_S
    while _alive(pid):
        if time.monotonic() > deadline:
            raise NoAnswer(
                what=f"the engine has not ended within {STOP_S:.0f} s",
                where=f"process {pid}",
                remedy="It is ending what it has begun; engine.log says what holds it.",
            )
        time.sleep(_POLL_S)


def _lock_holder(workspace: Path, lock: str) -> int | None:
    """Return the pid that a lock names, if that is a process of ours still; a number comes again.

    After kill -9 the pid stays in the file, and another program may have it by then.
    """
    try:
        text = (workspace / lock).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not text.isdigit() or not _alive(int(text)):
        return None
    try:
        words = psutil.Process(int(text)).cmdline()
    except psutil.Error:
        return None
    return int(text) if "engine" in words else None


def _alive(pid: int) -> bool:
    """Return whether a process works still; a zombie waits for its parent only."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
