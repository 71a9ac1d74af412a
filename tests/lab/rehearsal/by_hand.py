"""The fence and the flip step by step, as cutover.md has them, by the parts that the engine uses.

Without the engine's job, so that those parts are seen with clients at work even where it stumbles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cutover.balancers import fleet
from core.cutover.fence import hold
from core.cutover.fleet import Way
from core.cutover.gateway_command import gateways_of
from core.cutover.mode import Mode, Side
from tests.lab.missing import LabError

if TYPE_CHECKING:
    from core.config.schema import Workspace

RUN = "byhand"
DRAIN_S = 20


async def fence(settings: Workspace) -> None:
    """F1 and F2: each load balancer refuses writes and is drained, then blue's gateways."""
    all_of_them = fleet(settings)
    wrong = await all_of_them.ready(RUN)
    if wrong:
        raise LabError(f"not ready: {wrong}")
    await _reach(settings, Mode.BLUE_RO, Way(writer=Side.BLUE, back=Mode.BLUE))
    drained = await all_of_them.drain(Side.BLUE, limit_s=DRAIN_S)
    if not drained.ended:
        raise LabError(f"not drained: {drained.left}")
    held = await hold(gateways_of(settings, Side.BLUE), (), RUN)
    if held:
        raise LabError(f"not fenced: {held}")


async def flip(settings: Workspace) -> None:
    """Reads first, then writes."""
    await _reach(settings, Mode.GREEN_RO, Way(writer=Side.BLUE, back=Mode.BLUE_RO))
    await _reach(settings, Mode.GREEN, Way(writer=Side.GREEN))


async def _reach(settings: Workspace, mode: Mode, way: Way) -> None:
    moved = await fleet(settings).reach((), mode, RUN, way)
    if not moved.reached:
        raise LabError(f"{mode}: {moved.outcome}, {moved.why}")
