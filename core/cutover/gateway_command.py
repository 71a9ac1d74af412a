"""A gateway by the commands that vgwm.yaml names: `fence`, `open`, `state`.

Each reads one JSON object: {"v":1, "op":"fence|open|state", "gateway":NAME, "side":"blue|green",
"slices":[BUCKET..], "run":RUN, "request_id":HEX}; no bucket means all of them. `state` writes
{"state":"open|fenced"}. Exit code 0: done, and seen to be done. How to write one: docs/fence.md.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from core.cutover.command import LIMIT_S, run_command
from core.cutover.gateway import Hold
from core.cutover.mode import Side
from core.display import safe
from core.errors import BadInput, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Gateway as Named
    from core.config.schema import Workspace

_VERSION: Final = 1


class CommandGateway:
    """A `core.cutover.gateway.Gateway`. Without all three commands it cannot be fenced."""

    def __init__(self, named: Named, *, limit_s: float = LIMIT_S) -> None:
        self.name = safe(named.name)
        self.side = Side(named.side)
        self.url = named.address if "://" in named.address else f"http://{named.address}"
        self.can_fence = bool(named.fence and named.open and named.state)
        self._named = named
        self._limit_s = limit_s

    async def fence(self, buckets: Sequence[str], run: str) -> None:
        """Let it accept no write. Repeatable. Raises NoAnswer, Refused, BadInput."""
        await self._run("fence", self._named.fence, buckets, run)

    async def open(self, buckets: Sequence[str], run: str) -> None:
        """Let it accept writes again. Repeatable. Raises NoAnswer, Refused, BadInput."""
        await self._run("open", self._named.open, buckets, run)

    async def state(self, buckets: Sequence[str]) -> Hold:
        """Return what its command says; UNKNOWN without one, or without a plain answer."""
        if not self._named.state:
            return Hold.UNKNOWN
        try:
            told = await self._run("state", self._named.state, buckets, "")
        except VgwmError:
            return Hold.UNKNOWN
        return _hold(told)

    async def _run(self, op: str, argv: Sequence[str], buckets: Sequence[str], run: str) -> bytes:
        where = f"gateways.{self.name}.{op}"
        if not argv:
            raise BadInput(
                what=f"gateway {self.name} has no command for {op}",
                where=where,
                remedy="Name `fence`, `open` and `state` in vgwm.yaml, or none of them.",
            )
        told = {
            "v": _VERSION,
            "op": op,
            "gateway": self._named.name,
            "side": self.side.value,
            "slices": list(buckets),
            "run": run,
            "request_id": secrets.token_hex(8),
        }
        return await run_command(argv, json.dumps(told).encode(), where, limit_s=self._limit_s)


def _hold(told: bytes) -> Hold:
    """Return what a `state` command wrote; UNKNOWN for anything but its two words."""
    try:
        parsed = json.loads(told)
    except ValueError:
        return Hold.UNKNOWN
    word = parsed.get("state") if isinstance(parsed, dict) else None
    return Hold(word) if word in {Hold.OPEN, Hold.FENCED} else Hold.UNKNOWN


def gateways_of(workspace: Workspace, side: Side | None = None) -> list[CommandGateway]:
    """Return the gateways that a workspace names, of one side or of both."""
    found = [CommandGateway(named) for named in workspace.gateways]
    return [gateway for gateway in found if side is None or gateway.side is side]
