"""What can be seen of an engine's copy: its workers, its nodes, what bounds it and what holds it.

May import the engine's parts; changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.crew.board import Step
from core.engine.pace.bottleneck import Bounds, stall
from core.engine.plan_run import WALKER_SLOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.observing import Observer, WorkerView
    from core.engine.premises import Premises
    from core.engine.runs import CopyRun
    from core.target.chooser import NodeStatus


class Looks:
    """Answers about the copy at work; empty while there is none. copy: returns it, or None."""

    def __init__(
        self, premises: Premises, observer: Observer, copy: Callable[[], CopyRun | None]
    ) -> None:
        self._premises = premises
        self._observer = observer
        self._at_work = copy

    @property
    def _copy(self) -> CopyRun | None:
        return self._at_work()

    def workers(self) -> list[WorkerView]:
        """Return every worker process, and the walker while it walks."""
        views = []
        copy = self._copy
        executor = copy.executor if copy is not None else None
        if executor is not None:
            held = self.held()
            for seat in executor.seats():
                pid = seat.child.process.pid if seat.child is not None else 0
                nodes = self.nodes_of(next(iter(seat.held), 0))
                views.append(self._observer.view(seat.slot, pid, nodes, held))
        if self._premises.walking and self._premises.board.read(WALKER_SLOT).step is Step.WALK:
            views.append(self._observer.view(WALKER_SLOT, 0, (), ""))
        return views

    def stalled_by(self) -> str:
        """Name what a copy waits for when nothing has moved for a while."""
        views = self.workers()
        stuck = [view.step for view in views if view.state == "stalled"]
        bounds, limit = self._bounds(), self.limit()
        return stall(bounds, stuck=stuck, workers=len(views), held=self.held(), limit=limit)

    def still(self) -> str:
        """Return why nothing at all is to be done: a pause, a closed window; "" if something is."""
        job = self._premises.jobs.carrying()
        if job is None or not job.still:
            return ""
        return (job.reason if job.held else job.shut) or "paused"

    def limit(self) -> str:
        """Name the stage that bounds the copy, with its figures; "" if none was seen to."""
        if self._copy is None or self._copy.window is None:
            return self.held()
        return self._observer.limit(self._bounds())

    def _bounds(self) -> Bounds:
        copy, job = self._copy, self._premises.jobs.carrying()
        if copy is None or copy.window is None or job is None:
            return Bounds(still=self.still())
        regulator, window = copy.regulator, copy.window
        return Bounds(
            still=self.still(),
            table=job.waits.get("table", ""),
            source=regulator.source_reason() if regulator is not None else "",
            lag_s=self._premises.ledger.lag_s(),
            bytes_s=regulator.bytes_s() if regulator is not None else None,
            pins=window.pins.waiting,
            pins_most=window.pins.most,
            inflight_bytes=window.inflight_bytes,
            walking=self._premises.walking,
        )

    def nodes(self) -> list[NodeStatus]:
        """Return the target's nodes while a copy looks at them."""
        placement = self._copy.placement if self._copy is not None else None
        return placement.nodes() if placement is not None else []

    def held(self) -> str:
        """Return why no new work begins, in the words of a worker that waits; "" if it does."""
        job = self._premises.jobs.carrying()
        if job is None:
            return ""
        if job.held:
            return job.reason or "paused"
        if job.shut:
            return job.shut
        if "table" in job.waits:
            return "table"
        window = self._copy.window if self._copy is not None else None
        full = window.full_of() if window is not None else ""
        if full:
            return full
        placement = self._copy.placement if self._copy is not None else None
        reason = placement.why_not(0) if placement is not None else ""
        regulator = self._copy.regulator if self._copy is not None else None
        return reason or (regulator.source_reason() if regulator is not None else "")

    def pins_waiting(self) -> int:
        """Return how many bundles are copied and not yet seen pinned."""
        window = self._copy.window if self._copy is not None else None
        return window.pins.waiting if window is not None else 0

    def nodes_of(self, bundle: int) -> tuple[str, ...]:
        """Return the names of the nodes that a bundle under way goes to."""
        copier = self._copy.copier if self._copy is not None else None
        place = copier.places.get(bundle) if copier is not None else None
        return tuple(node.name for node in place.endpoints) if place is not None else ()
