"""Runs an engine: behind the workspace's socket, or in this process for one command."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from core.control.chronicle import chronicling
from core.control.keeper import READY
from core.control.live import EngineDesk
from core.control.log.writing import logging_to
from core.control.refusal import error_body
from core.control.scrape import exposing
from core.control.serve import serve
from core.control.server import build_app
from core.engine.engine import Engine
from core.errors import Broken, VgwmError
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.applications import Starlette

    from core.control.keeper import Kept

_log = logging.getLogger(__name__)


def run_engine(workspace: Path, *, ready_fd: int | None = None, kept: Kept | None = None) -> int:
    """Be the workspace's engine until it is asked to end; return the exit code.

    ready_fd: a pipe that hears `ready PID` once the socket answers, or the error that kept it from
    it. kept: what the keeper says, if one began this process. A terminal that hangs up is ignored.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with logging_to(workspace, on_stderr=True):
        return _run_logged(workspace, _Word(ready_fd), kept)


def _run_logged(workspace: Path, word: _Word, kept: Kept | None) -> int:
    try:
        asyncio.run(_run(workspace, word, kept))
    except VgwmError as error:
        # only a broken state wants a trace: the rest is the operator's to mend
        _log.log(
            logging.ERROR,
            "the engine ends: %s",
            error.what,
            exc_info=error if isinstance(error, Broken) else None,
        )
        word.say(msgspec.json.encode(error_body(error)))
        raise
    except Exception:
        _log.exception("the engine ends by a fault of ours")
        raise
    finally:
        word.close()
    return 0


async def _run(workspace: Path, word: _Word, kept: Kept | None) -> None:
    engine = await Engine.open(workspace)
    try:
        await engine.warm()
        desk = EngineDesk(engine, kept)
        if kept is not None and kept.ended:
            await _tell_crash(engine, kept)

        def ready() -> None:
            _log.info("engine of workspace %s answers, pid %d", engine.workspace.id, os.getpid())
            word.say(READY + str(os.getpid()).encode())

        async with (
            aclosing(desk),
            chronicling(workspace, desk),
            exposing(engine.workspace.metrics, desk),
        ):
            await serve(workspace, desk, ending=desk.ending, ready=ready)
        _log.info("engine ends")
    finally:
        await engine.close()


async def _tell_crash(engine: Engine, kept: Kept) -> None:
    text = f"engine crashed ({kept.ended}) and was started again, restart {kept.restarts}"
    _log.warning("%s", text)
    await engine.ledger.event(
        EventDraft(
            kind="engine", text=text, level="warn", actor="keeper", facts={"ended": kept.ended}
        )
    )


@asynccontextmanager
async def engine_here(workspace: Path) -> AsyncIterator[Starlette]:
    """Yield the API over an engine in this process; at the end its bundles are put back."""
    with logging_to(workspace, on_stderr=False):
        engine = await Engine.open(workspace)
        try:
            desk = EngineDesk(engine)
            async with aclosing(desk), chronicling(workspace, desk):
                yield build_app(desk)
        finally:
            await engine.close()


class _Word:
    """One line to whoever started us; nobody need listen."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def say(self, text: bytes) -> None:
        """Write the line and close: only the first word counts."""
        if self._fd is None:
            return
        try:
            os.write(self._fd, text + b"\n")
        except OSError as error:
            _log.warning("nobody hears that the engine answers: %s", error.strerror)
        self.close()

    def close(self) -> None:
        """Close the pipe; without a word before, the other end takes us for dead."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
