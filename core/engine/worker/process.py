"""A worker process: reads tasks from its pipe, works on one at a time, answers.

Everything here is synchronous; a second thread only empties the inbox, so that the coordinator
never waits for a busy worker, and ends the process when the coordinator is gone. May import source,
target (sinks and rows), dag, and the engine's build; never asyncio, HTTP libraries, YDB.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from core.engine.crew.board import Board, Step
from core.engine.crew.task import LENGTH_BYTES, CopyTask, LookTask, WalkTask, WorkerSetup
from core.engine.verifying.bytes_task import BytesSetup
from core.engine.verifying.join_task import JoinSetup
from core.engine.worker.gate import Gate

if TYPE_CHECKING:
    from core.engine.crew.board import Desk
    from core.engine.crew.task import Answer, Message
    from core.engine.verifying.join_task import JoinTold


Setup: TypeAlias = WorkerSetup | BytesSetup | JoinSetup
SETUPS = (WorkerSetup, BytesSetup, JoinSetup)


class Inbox:
    """The tasks that have arrived. The process ends with the pipe: nobody is left to answer."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._tasks: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def setup(self) -> Setup:
        """Read what this worker is for."""
        setup = self._frame()
        if not isinstance(setup, SETUPS):
            os._exit(1)
        return setup

    def start(self) -> None:
        """Go on reading in a thread of its own."""
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> Message:
        """Wait for a task."""
        return self._tasks.get()

    def _frame(self) -> Message | Setup:
        try:
            head = self._pipe.read(LENGTH_BYTES)
            frame = self._pipe.read(int.from_bytes(head, "big"))
        except ConnectionError:
            os._exit(0)
        if len(head) < LENGTH_BYTES or len(frame) < int.from_bytes(head, "big"):
            os._exit(0)
        message: Message | Setup = pickle.loads(frame)  # noqa: S301 - from the coordinator
        return message

    def _read(self) -> None:
        while True:
            message = self._frame()
            if isinstance(message, SETUPS):
                os._exit(1)
            self._tasks.put(message)


class Outbox:
    """Where answers go."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def send(self, answer: Answer | JoinTold) -> None:
        """Write one frame; blocks while the coordinator is busy, which holds a walk back."""
        frame = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            self._pipe.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
            self._pipe.flush()
        except ConnectionError:
            os._exit(0)


def main(pipe_fd: int, board_fd: int, slot: int) -> None:
    """Serve the coordinator until it says stop or is gone."""
    # a Ctrl-C at the terminal is the coordinator's business
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    pipe = os.fdopen(pipe_fd, "rb", buffering=1 << 16, closefd=False)
    inbox = Inbox(pipe)
    outbox = Outbox(os.fdopen(pipe_fd, "wb", buffering=1 << 16, closefd=False))
    board = Board(board_fd)
    setup = inbox.setup()
    if isinstance(setup, BytesSetup):
        from core.engine.verifying.bytes_process import serve  # noqa: PLC0415 - a carrier needs none

        serve(pipe, pipe_fd, board, setup)
        return
    inbox.start()
    if isinstance(setup, JoinSetup):
        from core.engine.verifying.join_process import serve as join  # noqa: PLC0415 - as above

        join(inbox.next, outbox.send, setup)
    elif setup.walks:
        _walk(inbox, outbox, setup, board.desk(slot))
    else:
        _carry(inbox, outbox, setup, board, slot)


def _walk(inbox: Inbox, outbox: Outbox, setup: WorkerSetup, desk: Desk) -> None:
    from core.engine.worker.walk import look_at, stream_pages  # noqa: PLC0415 - a carrier needs none of it

    while isinstance(task := inbox.next(), WalkTask | LookTask):
        if isinstance(task, LookTask):
            outbox.send(look_at(setup, task, desk))
            continue
        for page in stream_pages(setup, task, desk):
            outbox.send(page)


def _carry(inbox: Inbox, outbox: Outbox, setup: WorkerSetup, board: Board, slot: int) -> None:
    from core.engine.worker.carry import Carrier  # noqa: PLC0415 - 0.1 s that a walker need not wait for

    desk = board.desk(slot)
    carrier = Carrier(setup, desk, Gate(desk, board.rules))
    desk.at(Step.IDLE)
    while isinstance(task := inbox.next(), CopyTask):
        outbox.send(carrier.carry(task))
        desk.at(Step.IDLE)
    carrier.close()
