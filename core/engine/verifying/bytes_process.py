"""A reader process: reads bundles of the target again, one at a time, and says what is wrong.

Everything here is synchronous; a second thread empties the inbox, so that a pause is obeyed in the
middle of a large object, and ends the process when the coordinator is gone. The bytes a second are
counted on the account of all workers, beside a copy's.
May import the verification, the ledger's reader and the crew's board; never asyncio.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from core.engine.crew.task import LENGTH_BYTES, Fault, Stop
from core.engine.verifying.bytes_bundle import BundleReader
from core.engine.verifying.bytes_task import BytesResult, BytesRule, BytesTask
from core.errors import VgwmError
from core.ledger.connection import FAULTS, error_of, open_reader

if TYPE_CHECKING:
    from core.engine.crew.board import Board
    from core.engine.crew.rules import Rules
    from core.engine.verifying.bytes_task import BytesSetup

_LOOK_S: Final = 0.05
_STEP_S: Final = 0.05
_LEAST_BYTES: Final = 4096


class Gate:
    """What every read passes: it waits while all is held, and as the bytes a second demand."""

    def __init__(self, account: Rules) -> None:
        self._account = account
        self.rule = BytesRule(hold=False, bytes_s=0)

    def take(self, size_bytes: int) -> None:
        """Wait until so many bytes may have been read."""
        self.rest()
        left = size_bytes
        while left and (bytes_s := self.rule.bytes_s):
            size = min(left, max(_LEAST_BYTES, int(bytes_s * _STEP_S)))
            turn = self._account.turn(size, bytes_s)
            time.sleep(turn.wait_ns / 1e9)
            self.rest()
            left -= size if turn.granted else 0

    def rest(self) -> None:
        """Wait while all is held."""
        while self.rule.hold:
            time.sleep(_LOOK_S)


class Inbox:
    """What has arrived. The process ends with the pipe: nobody is left to answer."""

    def __init__(self, pipe: BinaryIO, gate: Gate) -> None:
        self._pipe = pipe
        self._gate = gate
        self._tasks: queue.SimpleQueue[BytesTask | Stop] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> BytesTask | Stop:
        """Wait for a task."""
        return self._tasks.get()

    def _read(self) -> None:
        while True:
            try:
                head = self._pipe.read(LENGTH_BYTES)
                frame = self._pipe.read(int.from_bytes(head, "big"))
            except ConnectionError:
                os._exit(0)
            if len(head) < LENGTH_BYTES or len(frame) < int.from_bytes(head, "big"):
                os._exit(0)
            message: BytesTask | BytesRule | Stop = pickle.loads(frame)  # noqa: S301 - from the coordinator
            if isinstance(message, BytesRule):
                self._gate.rule = message
            else:
                self._tasks.put(message)


def serve(pipe: BinaryIO, pipe_fd: int, board: Board, setup: BytesSetup) -> None:
    """Read what is asked for until told to stop. pipe: where messages come from."""
    gate = Gate(board.rules)
    inbox = Inbox(pipe, gate)
    out = os.fdopen(pipe_fd, "wb", buffering=1 << 16, closefd=False)
    path = Path(setup.ledger)
    reader: BundleReader | None = None
    while isinstance(task := inbox.next(), BytesTask):
        gate.rest()
        try:
            if reader is None:
                reader = BundleReader(setup, open_reader(path), gate.take)
            answer = reader.read(task)
        except VgwmError as error:
            answer = BytesResult(bundle=task.bundle.id, fault=Fault.of(error))
        except FAULTS as error:
            answer = BytesResult(bundle=task.bundle.id, fault=Fault.of(error_of(error, path)))
        _send(out, answer)
    if reader is not None:
        reader.close()


def _send(out: BinaryIO, answer: BytesResult) -> None:
    frame = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        out.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
        out.flush()
    except ConnectionError:
        os._exit(0)
