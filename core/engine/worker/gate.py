"""A worker's gate: every byte to the target passes it, piece by piece, as the rules allow.

While all work is held, a bundle waits at the gate in the middle of its body. After a while it is
given back, for a node's connection does not wait for ever and its room is wanted by others; a large
object keeps its place, for to begin it again costs more. May import the board and its rules.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.engine.crew.board import Wait
from core.errors import WorkHeld
from core.model import KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.engine.crew.board import Desk
    from core.engine.crew.rules import Rules
    from core.target.sink import Piece

HELD_S = 60.0
"""How long a bundle waits while all work is held, before it is given back."""

_LOOK_S = 0.05
_STEP_S = 0.05
_PIECE_BYTES = MIB // 4  # what is on its way when a pause begins cannot be held back
_LEAST_BYTES = 4 * KIB


class Gate:
    """What one worker's bytes pass. held_s: None to wait however long work is held.

    Raises WorkHeld.
    """

    def __init__(
        self,
        desk: Desk,
        rules: Rules,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._desk = desk
        self._rules = rules
        self._clock = clock
        self._sleep = sleep
        self.held_s: float | None = HELD_S

    def rest(self) -> None:
        """Wait while all work is held."""
        if not self._rules.held():
            return
        began_s = self._clock()
        while self._rules.held():
            self._desk.waits(Wait.HOLD)
            if self.held_s is not None and self._clock() - began_s >= self.held_s:
                self._desk.waits(Wait.NONE)
                raise WorkHeld(
                    what=f"work was held for {self.held_s:.0f} s in the middle of a bundle",
                    where="worker",
                    remedy="Nothing is to be done: the bundle is sent again when work goes on.",
                )
            self._sleep(_LOOK_S)
        self._desk.waits(Wait.NONE)

    def slows(self) -> bool:
        """Tell whether bytes have a limit now, or may not pass at all."""
        return bool(self._rules.bytes_s()) or self._rules.held()

    def take(self, size_bytes: int) -> None:
        """Wait until so many bytes may be sent, and count them."""
        self.rest()
        left = size_bytes
        while left and (bytes_s := self._rules.bytes_s()):
            size = min(left, max(_LEAST_BYTES, int(bytes_s * _STEP_S)))
            self._turn(size, bytes_s)
            left -= size
        self._desk.sent(size_bytes)

    def pieces(self, body: Piece, copies: int) -> Iterator[memoryview]:
        """Yield a body piece by piece, each once it may be sent to so many nodes."""
        view, at = memoryview(body), 0
        while at < len(view):
            size = self._piece_bytes(copies)
            piece = view[at : at + size]
            self.take(len(piece) * copies)
            yield piece
            at += size

    def _piece_bytes(self, copies: int) -> int:
        bytes_s = self._rules.bytes_s()
        if not bytes_s:
            return _PIECE_BYTES
        return min(_PIECE_BYTES, max(_LEAST_BYTES, int(bytes_s * _STEP_S) // max(1, copies)))

    def _turn(self, size_bytes: int, bytes_s: int) -> None:
        """Wait for one turn; a rate that changes meanwhile holds from the next one on."""
        turn = self._rules.turn(size_bytes, bytes_s)
        while turn.wait_ns or not turn.granted:
            self._desk.waits(Wait.BANDWIDTH)
            self._sleep(turn.wait_ns / 1e9)
            self.rest()
            if turn.granted:
                break
            if not (bytes_s := self._rules.bytes_s()):
                break
            turn = self._rules.turn(size_bytes, bytes_s)
        self._desk.waits(Wait.NONE)
