"""The client's look at a sync. A part of `core.control.client.Client`; the wire types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from core.control.wire import state as wire
from core.control.wire import sync as wire_sync

if TYPE_CHECKING:
    from collections.abc import Mapping

_T = TypeVar("_T", bound=wire.Wire)


class SyncClient(Protocol):
    """What a client can ask of a sync."""

    async def _get(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> _T: ...

    async def sync(self) -> wire_sync.Sync:
        """Return rounds, lag, forecast, and the deletes that wait. NoPlan in a new workspace."""
        return await self._get("sync", wire_sync.Sync)
