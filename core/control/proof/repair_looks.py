"""The client's plans of repairs: a part of `core.control.client.Client`; imports wire types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from core.control.wire import metadata as wire_metadata
from core.control.wire import state as wire

if TYPE_CHECKING:
    from collections.abc import Mapping

_T = TypeVar("_T", bound=wire.Wire)


class RepairLooks(Protocol):
    """What a client can ask of repairs."""

    async def _get(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> _T: ...

    async def _send(self, verb: str, path: str, body: wire.Wire, kind: type[_T]) -> _T: ...

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        """Ask what a repair would do; nothing is done. `repair` says when it is made."""
        return await self._send("POST", "repairs", request, wire_metadata.RepairPlan)

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        """Return a plan by its id, while it is made and after. WrongState once forgotten."""
        return await self._get(f"repairs/{number}", wire_metadata.RepairPlan)
