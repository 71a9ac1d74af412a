"""The client's plans of what is done with the whole object table.

A part of `core.control.client.Client`; imports the wire types alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from core.control.wire import keeping as wire_keeping
from core.control.wire import state as wire

if TYPE_CHECKING:
    from collections.abc import Mapping

_T = TypeVar("_T", bound=wire.Wire)


class KeepingLooks(Protocol):
    """What a client can ask of backups, restores and rebuilds."""

    async def _get(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> _T: ...

    async def _send(self, verb: str, path: str, body: wire.Wire, kind: type[_T]) -> _T: ...

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        """Ask what an act would do; nothing is done. `keeping` says when it is made."""
        return await self._send("POST", "keepings", request, wire_keeping.KeepingPlan)

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        """Return a plan by its id, while it is made and after. WrongState once forgotten."""
        return await self._get(f"keepings/{number}", wire_keeping.KeepingPlan)
