"""What can be seen of an engine's copy: its workers, its nodes, what bounds it and what holds it.

May import the engine's parts; changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.crew.board import Step
from core.engine.pace.bottleneck import Bounds, stall
from core.engine.plan_run import WALKER_SLOT

if TYPE_CHECKING:
    from core.engine.engine import Engine
    from core.engine.observing import WorkerView
    from core.target.chooser import NodeStatus


class Looks:
    """Answers about the copy at work; empty while there is none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def workers(self) -> list[WorkerView]:
        """Return every worker process, and the walker while it walks."""
        views = []
        copy = self._engine.copy
        executor = copy.executor if copy is not None else None
        if executor is not None:
            held = self.held()
            for seat in executor.seats():
                pid = seat.child.process.pid if seat.child is not None else 0
                nodes = self.nodes_of(next(iter(seat.held), 0))
                views.append(self._engine.observer.view(seat.slot, pid, nodes, held))
        if self._engine.walking and self._engine.board.read(WALKER_SLOT).step is Step.WALK:
            views.append(self._engine.observer.view(WALKER_SLOT, 0, (), ""))
        return views

    def stalled_by(self) -> str:
        """Name what a copy waits for when nothing has moved for a while."""
        views = self.workers()
        stuck = [view.step for view in views if view.state == "stalled"]
        bounds, limit = self._bounds(), self.limit()
        return stall(bounds, stuck=stuck, workers=len(views), held=self.held(), limit=limit)

    def still(self) -> str:
        """Return why nothing at all is to be done: a pause, a closed window; "" if something is."""
        job = self._engine.jobs.carrying()
        if job is None or not job.still:
            return ""
        return (job.reason if job.held else job.shut) or "paused"

    def limit(self) -> str:
        """Name the stage that bounds the copy, with its figures; "" if none was seen to."""
        if self._engine.copy is None or self._engine.copy.window is None:
            return self.held()
        return self._engine.observer.limit(self._bounds())

    def _bounds(self) -> Bounds:
        copy, job = self._engine.copy, self._engine.jobs.carrying()
        if copy is None or copy.window is None or job is None:
            return Bounds(still=self.still())
        regulator, window = copy.regulator, copy.window
        return Bounds(
            still=self.still(),
            table=job.waits.get("table", ""),
            source=regulator.source_reason() if regulator is not None else "",
            lag_s=self._engine.ledger.lag_s(),
            bytes_s=regulator.bytes_s() if regulator is not None else None,
            pins=window.pins.waiting,
            pins_most=window.pins.most,
            inflight_bytes=window.inflight_bytes,
            walking=self._engine.walking,
        )

    def nodes(self) -> list[NodeStatus]:
        """Return the target's nodes while a copy looks at them."""
        placement = self._engine.copy.placement if self._engine.copy is not None else None
        return placement.nodes() if placement is not None else []

    def held(self) -> str:
        """Return why no new work begins, in the words of a worker that waits; "" if it does."""
        job = self._engine.jobs.carrying()
        if job is None:
            return ""
        if job.held:
            return job.reason or "paused"
        if job.shut:
            return job.shut
        if "table" in job.waits:
            return "table"
        window = self._engine.copy.window if self._engine.copy is not None else None
        full = window.full_of() if window is not None else ""
        if full:
            return full
        placement = self._engine.copy.placement if self._engine.copy is not None else None
        reason = placement.why_not(0) if placement is not None else ""
        regulator = self._engine.copy.regulator if self._engine.copy is not None else None
        return reason or (regulator.source_reason() if regulator is not None else "")

    def pins_waiting(self) -> int:
        """Return how many bundles are copied and not yet seen pinned."""
        window = self._engine.copy.window if self._engine.copy is not None else None
        return window.pins.waiting if window is not None else 0

    def nodes_of(self, bundle: int) -> tuple[str, ...]:
        """Return the names of the nodes that a bundle under way goes to."""
        copier = self._engine.copy.copier if self._engine.copy is not None else None
        place = copier.places.get(bundle) if copier is not None else None
        return tuple(node.name for node in place.endpoints) if place is not None else ()
