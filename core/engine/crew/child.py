"""A child process that speaks in pickled frames over a socket pair.

It is forked from a process that has loaded what it needs (`fork_server`). The event loop reads and
writes without blocking, and a child that is not read stops by itself when its pipe is full: that is
the back-pressure of a walk. A child whose coordinator dies sees its pipe end and leaves.
May import the engine's tasks and board.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from typing import TYPE_CHECKING

from core.engine.crew.deaths import how_it_ended
from core.engine.crew.fork_server import ForkServerGone
from core.engine.crew.task import LENGTH_BYTES
from core.errors import NoAnswer

if TYPE_CHECKING:
    import socket

    from core.engine.crew.fork_server import Forked, ForkServer
    from core.engine.crew.task import Answer, Message, WorkerSetup
    from core.engine.verifying.bytes_task import BytesMessage, BytesSetup
    from core.engine.verifying.join_task import JoinMessage, JoinSetup

    Setup = WorkerSetup | BytesSetup | JoinSetup

READ_LIMIT = 1 << 20

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between tries where the fork server is killed as often as it begins: memory may be short."""

_FORK_SERVER = "the process that workers are forked from"


class ChildGone(Exception):
    """The process ended; code is its exit code, negative for a signal, None if nobody knows it."""

    def __init__(self, slot: int, code: int | None) -> None:
        super().__init__(f"worker {slot} ended with {code}")
        self.slot = slot
        self.code = code

    @property
    def how(self) -> str:
        """Say how it ended."""
        return how_it_ended(self.code)


class Child:
    """One worker process, seen from the coordinator."""

    def __init__(
        self,
        slot: int,
        process: Forked,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.slot = slot
        self.process = process
        self._reader, self._writer = streams

    @classmethod
    async def start(cls, slot: int, forks: ForkServer, setup: Setup) -> Child:
        """Fork a worker, and tell it its setup. Raises NoAnswer: no process to be had."""
        try:
            process, ours = await _patiently(slot, forks)
        except OSError as error:
            advice = "Raise the limits on processes and open files, or set fewer workers."
            if isinstance(error, ForkServerGone):
                advice = f"It ended so: {how_it_ended(error.code)}; see dmesg and engine.log."
            raise NoAnswer(
                what=f"no process can be started: {error.strerror}",
                where=f"worker {slot}",
                remedy=advice,
            ) from error
        ours.settimeout(0)
        streams = await asyncio.open_unix_connection(sock=ours, limit=READ_LIMIT)
        child = cls(slot, process, streams)
        child.send(setup)
        return child

    def send(self, message: Message | BytesMessage | JoinMessage | Setup) -> None:
        """Queue a message; a dead child is noticed by `receive`."""
        frame = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self._writer.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)

    async def receive(self) -> Answer:
        """Return the next answer. Raises ChildGone when the process has ended."""
        try:
            length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
            frame = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self._writer.close()
            code = await asyncio.to_thread(self.process.wait)
            raise ChildGone(self.slot, code) from error
        answer: Answer = pickle.loads(frame)  # noqa: S301 - written by our own child
        return answer

    async def end(self, *, wait_s: float = 5.0) -> None:
        """Close the pipe, wait, and kill a child that does not leave in time."""
        self._writer.close()
        try:
            await asyncio.to_thread(self.process.wait, wait_s)
        except TimeoutError:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


async def _patiently(slot: int, forks: ForkServer) -> tuple[Forked, socket.socket]:
    """Fork a worker; where its parent is killed again and again, say so and wait."""
    for wait_s in WAITS_S:
        try:
            return await _fork(slot, forks)
        except ForkServerGone as gone:
            forks.on_death(_FORK_SERVER, how_it_ended(gone.code))
            await asyncio.sleep(wait_s)
    return await _fork(slot, forks)


async def _fork(slot: int, forks: ForkServer) -> tuple[Forked, socket.socket]:
    forking = asyncio.create_task(asyncio.to_thread(forks.fork, slot), name=f"fork {slot}")
    try:
        return await asyncio.shield(forking)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            _, unused = await forking  # a moment; its worker leaves with the pipe
            unused.close()
        raise
