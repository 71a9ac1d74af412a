"""What a check or a repair works with.

May import the configuration, the ledger and the crew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.model import MIB

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.copying.errand import Errand
    from core.engine.crew.board import Board
    from core.engine.crew.fork_server import ForkServer
    from core.engine.known_buckets import KnownBuckets
    from core.engine.reins import Reins
    from core.engine.syncing.ground import Ground
    from core.ledger.ledger import Ledger
    from core.target.sink import Piece

_STEP_BYTES = MIB // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairMeans:
    """path: of the workspace. knobs: those in force. died: hears of a worker's end.

    writes: tells whether a job is at work that writes rows. carry: brings an errand's bundles
    through. ground: the target, opened to let bundles go. require_source: raises where it is
    another one than the plan's; blocks.
    """

    ledger: Ledger
    workspace: Workspace
    path: Path
    knobs: Callable[[], Knobs]
    board: Board
    forks: ForkServer
    buckets: KnownBuckets
    died: Callable[[int, str], None]
    writes: Callable[[], bool]
    carry: Callable[[Reins, Errand], Awaitable[None]]
    ground: Callable[[Reins], AbstractAsyncContextManager[Ground]]
    require_source: Callable[[], None]


class Pace:
    """Lets bytes that pass this process keep to the bandwidth that is set, as workers' do.

    A repair runs beside no other writer, so what it sends is all that is sent.
    """

    def __init__(self, bytes_s: Callable[[], int | None]) -> None:
        self._bytes_s = bytes_s

    def slows(self) -> bool:
        """Tell whether there is a limit now."""
        return bool(self._bytes_s())

    def take(self, size_bytes: int) -> None:
        """Wait for as long as so many bytes take. Blocks its thread."""
        limit = self._bytes_s()
        if limit:
            time.sleep(size_bytes / limit)

    def pieces(self, body: Piece, copies: int) -> Iterator[memoryview]:
        """Yield a body piece by piece, each once it may go out to so many nodes."""
        view = memoryview(body)
        for at in range(0, len(view), _STEP_BYTES):
            piece = view[at : at + _STEP_BYTES]
            self.take(len(piece) * copies)
            yield piece
