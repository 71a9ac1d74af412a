"""A joining process: merges parts of a bucket on all sides, one at a time, and says how far it is.

Synchronous, but for a database that is asked in a thread of its own. One error border stands here.
May import the verification, and every side of a join.
"""

from __future__ import annotations

import gc
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.engine.crew.task import Fault
from core.engine.verifying.join_task import JoinTold, ListsTask, PartTask
from core.errors import VgwmError
from core.source.chosen import open_source
from core.target import profile as profiles
from core.target.open_table import open_table
from core.verify.again import Again
from core.verify.found_side import FoundRows
from core.verify.join import Join, Sides
from core.verify.key_judge import KeyJudge
from core.verify.ledger_side import LedgerRows
from core.verify.list_maker import make_lists
from core.verify.page_match import PageMatch
from core.verify.part_files import AgainPart, JoinPart
from core.verify.pin_book import PinBook
from core.verify.source_side import SourceKeys
from core.verify.table_side import AskedRows, SqliteRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.verifying.join_task import JoinMessage, JoinSetup
    from core.target.profile import Profile
    from core.verify.list_files import Contents
    from core.verify.part_files import Joined, Judged
    from core.verify.sides import TableSide

log = logging.getLogger("vgwm.join")

_TELL_S: Final = 0.2


class Joiner:
    """Does what is asked, one task after the other. The sides are opened by the first."""

    def __init__(self, setup: JoinSetup, tell: Callable[[JoinTold], None]) -> None:
        self._setup = setup
        self._folder = Path(setup.folder)
        self._tell = tell
        self._owners: dict[bytes, str] = {}
        self._sides: Sides | None = None
        self._join: Join | None = None
        self._told_s = 0.0
        self._keys = 0

    def do(self, task: JoinMessage) -> None:
        """Do a task, and say what came of it. Never raises."""
        try:
            done: Joined | Judged | Contents
            if isinstance(task, ListsTask):
                done = make_lists(
                    self._folder, task.segments, partial=task.partial, told=lambda _n: self._note(0)
                )
            else:
                done = self._part(task)
            keys, self._keys = self._keys, 0
            self._tell(JoinTold(keys=keys, done=done))
        except VgwmError as error:
            self._tell(JoinTold(fault=Fault.of(error)))
        except Exception as error:
            log.exception("a join: a fault of ours")
            fault = Fault(
                kind="Broken",
                what=f"a join stumbled: {type(error).__name__}",
                where="verify",
                remedy="This is a fault of vgwm: report it with engine.log.",
            )
            self._tell(JoinTold(fault=fault))

    def close(self) -> None:
        """Close every side."""
        if self._sides is not None:
            self._sides.close()

    def _part(self, task: PartTask) -> Joined | Judged:
        segment = task.segment
        self._owners[segment.bucket] = segment.owner
        if self._sides is None or self._join is None:
            self._sides = self._open()
            self._join = Join(self._sides)
        if task.deed == "join":
            with JoinPart(self._folder, segment.number, segment.bucket) as part:
                self._join.run(segment, part, self._note)
                return part.done()
        with AgainPart(self._folder, segment.number, segment.bucket) as second:
            Again(self._sides).run(self._folder, segment, second, self._note)
            return second.done()

    def _note(self, keys: int) -> None:
        """Say how far it is, some times a second."""
        self._keys += keys
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_S:
            self._told_s = now_s
            keys, self._keys = self._keys, 0
            self._tell(JoinTold(keys=keys))

    def _open(self) -> Sides:
        setup = self._setup
        profile = profiles.load(setup.profile)
        return Sides(
            source=SourceKeys(open_source(setup.source), self._owners),
            ledger=LedgerRows(Path(setup.ledger)),
            table=_table(setup, profile),
            pins=PinBook(self._folder),
            found=FoundRows(self._folder),
            match=PageMatch(profile, setup.workspace_id),
            judge=KeyJudge(
                profile,
                setup.workspace_id,
                recorded_only=setup.recorded_only,
                round_ns=setup.round_ns,
            ),
            recorded_only=setup.recorded_only,
        )


def _table(setup: JoinSetup, profile: Profile) -> TableSide:
    kind, _, rest = setup.table.partition(":")
    if kind == "sqlite":
        return SqliteRows(Path(rest), profile.objects)
    login = None if setup.login is None else setup.login.login
    return AskedRows(lambda: open_table(setup.table, profile, login))


def collect_seldom() -> None:
    """Look for cycles seldom: a join makes thousands of tuples a stretch, and none (3 % faster)."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def serve(
    next_task: Callable[[], object], tell: Callable[[JoinTold], None], setup: JoinSetup
) -> None:
    """Do tasks until told to stop."""
    collect_seldom()
    joiner = Joiner(setup, tell)
    while isinstance(task := next_task(), PartTask | ListsTask):
        joiner.do(task)
    joiner.close()
