"""What every part of an engine stands on: a workspace's ledger, processes, jobs and settings.

Made once an engine, before its parts; a part that needs another part as well is given that by name.
May import the ledger, and the engine's parts that know no other part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from core.config.references import variables
from core.engine.crew.board import Board
from core.engine.crew.deaths import Deaths
from core.engine.crew.fork_server import ForkServer
from core.engine.jobs import Jobs
from core.engine.known_buckets import KnownBuckets
from core.engine.live_knobs import LiveKnobs
from core.model import JobKind

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow

StartJob: TypeAlias = Callable[[JobKind, Mapping[str, str], str, str], Awaitable[int]]
"""Begins a job, by its arguments, actor and request id; returns its number, or raises why not."""


class Premises:
    """Holds them. source_identity: what told the source from others when the ledger was made.

    walking: whether a process lists the source. listed: its buckets are known, or will never be.
    """

    def __init__(self, path: Path, workspace: Workspace, ledger: Ledger) -> None:
        self.path = path
        self.workspace = workspace
        self.ledger = ledger
        self.board = Board.create()
        self.forks = ForkServer(self.board.fd, without=variables(workspace))
        self.live = LiveKnobs(ledger, workspace.knobs)
        self.buckets = KnownBuckets()
        self.jobs = Jobs(ledger)
        self.deaths = Deaths(ledger)
        self.forks.on_death = self.deaths.tell
        self.source_identity = (0, 0)
        self.walking = False
        self.listed = asyncio.Event()

    @property
    def epoch(self) -> int:
        """How often an engine has opened this ledger."""
        return self.ledger.epoch

    @property
    def knobs(self) -> Knobs:
        """The settings in force."""
        return self.live.now

    @property
    def planning(self) -> bool:
        """Whether the plan is being made now."""
        return self.jobs.running(JobKind.PLAN) is not None

    def learn_buckets(self, rows: list[BucketRow]) -> None:
        """Keep the buckets at hand."""
        self.buckets.learn(rows)
        if rows:
            self.listed.set()

    def worker_died(self, slot: int, how: str) -> None:
        """Say that a worker died and is replaced."""
        self.deaths.tell(f"worker {slot}", how)
