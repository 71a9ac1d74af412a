"""`vgwm sync --rebundle`: what is left of wasteful bundles gets a root of its own, by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.cli.run import Manner, Verdict
    from core.control.client import Client
    from core.control.wire import state as wire


def rebundle(call: Call, confirm: str | None, manner: Manner) -> int:
    """Show the plan and its hash; carry it out if it is confirmed by that hash (I8).

    Raises WrongState while a sync is at work, Refused if the plan is another one by now, or empty.
    """
    import asyncio

    from core.cli.output import answer, note
    from core.cli.run import Errand, run_job
    from core.control.sync.rebundle import require_same, shown

    plan = asyncio.run(shown(call.workspace))
    if confirm is None:
        answer(call, plan, plan.lines())
        if plan.bundles:
            note(call, f"to do it: vgwm sync --rebundle --confirm {plan.hash}")
        return 0
    require_same(plan, confirm)
    asyncio.run(_require_none(call))
    for line in plan.lines():
        note(call, line)

    async def judge(client: Client, last: wire.Snapshot) -> Verdict:
        from core.cli.run import Verdict

        del client, last
        told = [f"{plan.bundles:,} bundles got a new root; the old ones are let go"]
        return Verdict({"hash": plan.hash, "bundles": plan.bundles}, told, 0)

    errand = Errand(kind="sync", args={"rebundle": plan.hash}, knobs={}, judge=judge)
    return run_job(call, errand, manner)


async def _require_none(call: Call) -> None:
    """Raise WrongState while a sync is at work: that one would be followed instead."""
    from core.cli.link import looking
    from core.control.client import running_job
    from core.errors import WrongState

    async with looking(call) as client:
        at_work = running_job(await client.snapshot(), kind="sync")
    if at_work is not None:
        raise WrongState(
            what=f"job {at_work.id} (sync) is {at_work.state}",
            where="sync --rebundle",
            remedy=f"Follow it with `vgwm watch {at_work.id}`, or end it first.",
        )
