"""The client's looks at a cutover, the way back and the cluster, and its plans of acts on them.

A part of `core.control.client.Client`; imports the wire types alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from core.control.wire import cluster as wire_cluster
from core.control.wire import cutover as wire_cutover
from core.control.wire import rollback as wire_rollback
from core.control.wire import state as wire

if TYPE_CHECKING:
    from collections.abc import Mapping

_T = TypeVar("_T", bound=wire.Wire)


class CutoverLooks(Protocol):
    """What a client can ask of a cutover and of a rollback."""

    async def _get(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> _T: ...

    async def _send(self, verb: str, path: str, body: wire.Wire, kind: type[_T]) -> _T: ...

    async def cutover(self, slice_: str = "") -> wire_cutover.Cutover:
        """Return where every slice stands, and one in full: all without a name."""
        query = {"slice": slice_} if slice_ else {}
        return await self._get("cutover", wire_cutover.Cutover, query)

    async def rollback(
        self, slice_: str = "", way: str = "quick", *, origin: str = "", to: str = ""
    ) -> wire_rollback.Rollback:
        """Return the plan back to blue as it is now. origin, to: of the way `data`."""
        asked = {"slice": slice_, "way": way, "origin": origin, "to": to}
        query = {name: value for name, value in asked.items() if value}
        return await self._get("rollback", wire_rollback.Rollback, query)

    async def risk_names(
        self, what: str, slice_: str = "", *, at: int = 0, after: str = "", limit: int = 500
    ) -> wire_rollback.RiskNames:
        """Return what is at risk, by name: from the at-th on, or behind a page's `next`."""
        asked = {"what": what, "slice": slice_, "at": str(at), "after": after, "limit": str(limit)}
        query = {name: value for name, value in asked.items() if value}
        return await self._get("rollback/names", wire_rollback.RiskNames, query)

    async def cluster(self) -> wire_cluster.Cluster:
        """Return the target's peers as they were last heard."""
        return await self._get("cluster", wire_cluster.Cluster)

    async def make_cutover(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        """Ask what an act would do; nothing is done. `cutover_plan` says when it is made."""
        return await self._send("POST", "cutovers", request, wire_cutover.CutoverPlan)

    async def cutover_plan(self, number: int) -> wire_cutover.CutoverPlan:
        """Return a plan by its id, while it is made and after. WrongState once forgotten."""
        return await self._get(f"cutovers/{number}", wire_cutover.CutoverPlan)
