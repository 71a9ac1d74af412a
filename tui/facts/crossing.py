"""What was last read of cutover, way back and cluster, and the plans of acts on traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.control.wire.cutover import CutoverPlan, CutoverRequest
from tui.facts.plan_wait import Late, made
from tui.facts.way import BY_DEFAULT, Back
from tui.screen import Name

if TYPE_CHECKING:
    from core.control.client import Client
    from core.control.wire.cluster import Cluster
    from core.control.wire.cutover import Cutover
    from core.control.wire.rollback import Rollback
    from tui.facts.link import EngineLink

_PLAN_S = 120.0


class Crossing(NamedTuple):
    """An act on a slice. act: cutover, rehearse, abort, commit, rollback. slice: "" for all.

    back: which way, of a rollback.
    """

    act: str
    slice: str = ""
    back: Back = BY_DEFAULT


class Crossings:
    """Reads what the three screens show, each second while they are shown."""

    def __init__(self, link: EngineLink) -> None:
        self._link = link
        self._asked: tuple[str, Back] = ("", BY_DEFAULT)
        self.cutover: Cutover | None = None
        self.rollback: Rollback | None = None
        self.cluster: Cluster | None = None

    async def follow(self, screen: Name, slice_: str, back: Back) -> None:
        """Read what the screen shows of a slice. back: which way. Raises a VgwmError."""
        asked = (slice_, back)
        if asked != self._asked:
            self._asked, self.cutover, self.rollback = asked, None, None
        match screen:
            case Name.CUTOVER:
                self.cutover = await self._link.client.cutover(slice_)
                self.cluster = await self._link.client.cluster()
            case Name.ROLLBACK:
                self.rollback = await self._link.client.rollback(
                    slice_, back.way, origin=back.origin, to=back.to
                )
            case Name.CLUSTER:
                self.cluster = await self._link.client.cluster()
            case _:
                pass


async def plan(client: Client, wanted: Crossing, actor: str) -> CutoverPlan:
    """Return what an act would do, once the engine has planned it. Raises a VgwmError."""
    back = wanted.back
    request = CutoverRequest(
        actor=actor,
        act=wanted.act,
        slice=wanted.slice,
        way=back.way,
        origin=back.origin,
        to=back.to,
    )
    late = Late[CutoverPlan](
        _PLAN_S,
        lambda _: f"{wanted.act}, slice {wanted.slice or 'all'}",
        "In a shell: vgwm cutover status",
    )
    return await made(await client.make_cutover(request), client.cutover_plan, late)


async def carry_out(client: Client, plan: CutoverPlan, actor: str) -> int:
    """Begin the job that does exactly what was planned, and return its id.

    Raises Refused if the world has moved (I8).
    """
    return await client.start_job(plan.kind, plan.args, actor=actor)
