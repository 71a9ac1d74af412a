"""What a re-bundling would do, read from the ledger alone, with or without an engine beside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from core.config.workspace import FILE_NAME, load
from core.display import count, percent, safe, size
from core.engine.syncing.rebundle_plan import SHARE, look
from core.errors import NoPlan, Refused
from core.ledger.connection import LEDGER_NAME
from core.ledger.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from core.ledger.waste import Held


class WastefulBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle with dead objects. live, dead: objects."""

    bundle: int
    live: int
    live_bytes: int
    dead: int
    dead_bytes: int

    def line(self) -> str:
        """Return it as a plain line."""
        share = percent(self.dead_bytes, self.dead_bytes + self.live_bytes)
        return (
            f"  bundle {self.bundle}: {count(self.live)} objects stay, {count(self.dead)} dead"
            f" ({size(self.dead_bytes)}, {share})"
        )


class RebundleShown(msgspec.Struct, frozen=True, kw_only=True):
    """The plan: how many bundles, what they hold, the worst. hash: of all, as they stand."""

    hash: str
    bundles: int
    live: int
    live_bytes: int
    dead: int
    dead_bytes: int
    worst: list[WastefulBundle]

    def lines(self) -> list[str]:
        """Return the plan as plain lines."""
        if not self.bundles:
            return [f"no bundle is more than {SHARE:.0%} dead: nothing is to be done"]
        more = self.bundles - len(self.worst)
        return [
            f"plan {self.hash}: new roots for {count(self.bundles)} bundles over {SHARE:.0%} dead",
            f"  {count(self.live)} objects ({size(self.live_bytes)}) stay, and are not sent again",
            f"  {count(self.dead)} dead ({size(self.dead_bytes)}) are let go with the old roots",
            *(one.line() for one in self.worst),
            *([f"  and {count(more)} more"] if more else []),
        ]


async def shown(workspace: Path) -> RebundleShown:
    """Return the plan as the ledger stands now; nothing is done. Raises NoPlan without a ledger."""
    file = workspace / LEDGER_NAME
    if not _exists(file):
        raise NoPlan(
            what="the workspace has no ledger yet",
            where=safe(os.fsencode(workspace)),
            remedy="Plan and copy first: vgwm plan, then vgwm copy.",
        )
    ledger = await Ledger.read_only(file)
    try:
        plan = await look(ledger, load(workspace / FILE_NAME).id)
    finally:
        await ledger.close()
    return RebundleShown(
        hash=plan.hash,
        bundles=plan.bundles,
        live=plan.live,
        live_bytes=plan.live_bytes,
        dead=plan.dead,
        dead_bytes=plan.dead_bytes,
        worst=[_bundle(held) for held in plan.worst],
    )


def _exists(file: Path) -> bool:
    return os.path.exists(file)  # noqa: PTH110 - a name may be too long for pathlib


def require_same(plan: RebundleShown, confirmed: str) -> None:
    """Raise Refused, with what the plan is now, unless it is the one that was confirmed."""
    if plan.hash != confirmed or not plan.bundles:
        raise Refused(
            what=f"the plan is not {safe(confirmed)}; it is now {plan.lines()[0]}",
            where="--confirm",
            remedy="Look at it again: vgwm sync --rebundle.",
        )


def _bundle(held: Held) -> WastefulBundle:
    return WastefulBundle(
        bundle=held.bundle,
        live=held.live,
        live_bytes=held.live_bytes,
        dead=held.dead,
        dead_bytes=held.dead_bytes,
    )
