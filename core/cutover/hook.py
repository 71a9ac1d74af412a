"""Traffic steered by an operator's program: any load balancer that is no HAProxy, or DNS.

It reads {"v":1, "op":"set|get", "mode", "slices":[BUCKET..], "run", "request_id"} and writes
{"mode"}; exit code 0. It has to be repeatable: it may be asked for what is done already. No bucket
means all of them. Contract: `cutover.md` 5.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Final

from core.cutover.balancer import Told
from core.cutover.command import LIMIT_S, run_command
from core.cutover.mode import Mode
from core.errors import NoAnswer, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Traffic
    from core.cutover.balancer import Busy
    from core.cutover.mode import Side

NAME: Final = "traffic.command"

_VERSION: Final = 1


class HookBalancer:
    """A `core.cutover.balancer.Balancer`. modes: those that vgwm.yaml names for it, or all."""

    def __init__(self, traffic: Traffic, *, limit_s: float = LIMIT_S) -> None:
        self.name = NAME
        self.modes = frozenset(Mode(word) for word in traffic.modes or tuple(Mode))
        self.listeners = traffic.listen
        self._argv = traffic.command
        self._limit_s = limit_s

    async def ready(self, run: str) -> list[str]:
        """Return why it cannot be asked; nothing is changed."""
        del run
        told = await self.get(())
        wrong = [] if told.mode is not None else [told.why]
        if not self.listeners:
            wrong.append("no URL is named in traffic.listen: the fence cannot be proven there")
        return wrong

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        """Tell it a mode, then ask it. Raises BadInput, Refused, and NoAnswer past its limit."""
        await self._run("set", buckets, run, mode)
        told = await self.get(buckets)
        if told.mode is not mode:
            raise NoAnswer(
                what=told.why or f"it was told {mode} and says {told.mode}",
                where=NAME,
                remedy="Let it answer `get` with the mode that clients meet.",
            )

    async def get(self, buckets: Sequence[str]) -> Told:
        """Return what it says of the mode; unknown where it fails or says nothing plain."""
        try:
            mode = _mode(await self._run("get", buckets, ""))
            why = "" if mode else "it names no mode"
        except VgwmError as error:
            mode, why = None, error.what
        by_slice = tuple((bucket, mode) for bucket in buckets)
        return Told(name=NAME, mode=mode, by_slice=by_slice, why=why, at_ns=time.time_ns())

    async def busy(self, side: Side) -> Busy | None:
        """Return None: it is not asked what is under way."""
        del side
        return None

    async def under_way(self, side: Side) -> None:
        """Return None: it is not asked what is under way."""
        del side

    async def _run(
        self, op: str, buckets: Sequence[str], run: str, mode: Mode | None = None
    ) -> bytes:
        told = {
            "v": _VERSION,
            "op": op,
            "mode": mode.value if mode is not None else "",
            "slices": list(buckets),
            "run": run,
            "request_id": secrets.token_hex(8),
        }
        return await run_command(self._argv, json.dumps(told).encode(), NAME, limit_s=self._limit_s)


def _mode(told: bytes) -> Mode | None:
    """Return the mode in a program's answer; None for anything that is none."""
    try:
        parsed = json.loads(told)
    except ValueError:
        return None
    word = parsed.get("mode") if isinstance(parsed, dict) else None
    return Mode(word) if word in set(Mode) else None
