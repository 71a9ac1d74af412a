"""The client's looks at proofs: figures, and pages of the five lists.

A part of `core.control.client.Client`; imports the wire types alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

from core.control.wire import state as wire
from core.control.wire import verify as wire_verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

_T = TypeVar("_T", bound=wire.Wire)


class ViewPart(TypedDict, total=False):
    """Which rows of a list; see `wire_verify.ViewQuery`."""

    at: int
    limit: int
    kind: str
    bucket: str
    job: int | None


class ProofLooks(Protocol):
    """What a client can ask of proofs."""

    async def _get(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> _T: ...

    async def proof(self, job: int | None = None) -> wire_verify.Proof:
        """Return a proof by its job, without one the newest verification. WrongState: none yet."""
        query = {} if job is None else {"job": str(job)}
        return await self._get("proof", wire_verify.Proof, query)

    async def proofs(self, limit: int = 20) -> wire_verify.Proofs:
        """Return proofs of every kind, the newest first."""
        return await self._get("proofs", wire_verify.Proofs, {"limit": str(limit)})

    async def view(self, name: str, **part: Unpack[ViewPart]) -> wire_verify.View:
        """Return rows of a list: equal, differ, missing, extra, error. WrongState: no lists yet."""
        query = {key: str(value) for key, value in part.items() if value not in {None, ""}}
        return await self._get(f"views/{name}", wire_verify.View, query)
