"""The last look before a job is done: every peer's state holds every pin, and none is lost."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import VgwmError
from core.model import Finding
from core.target.kubo_answers import excerpt
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.target.cluster import ClusterClient
    from core.target.cluster_answers import Pin
    from core.target.peers import Roster

_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPin:
    """A pin as the ledger has it. root: as text; RF is the number of allocations."""

    root: str
    allocations: tuple[str, ...]
    bundle: int = 0


async def audit(
    roster: Roster,
    pins: Sequence[RecordedPin],
    *,
    settle_s: float = 90.0,
    silent_s: float = 20.0,
    ill: Collection[str] = (),
) -> list[Finding]:
    """Return what differs between the ledger's pins and each peer's state; empty when nothing.

    Differences younger than 90 s are gossip under way, so it looks again for so long. A peer that
    does not answer for silent_s is a finding of verdict unknown (I7), unless all are silent: then
    nothing is proved, and each is one of verdict fail. ill: cluster peers that are down, or whose
    Kubo is. Such a peer hears nothing of the others while it tries to reach its Kubo: what it lacks
    is unknown, too.
    Memory: the pins given; give pages.
    """
    wanted = {pin.root: pin for pin in pins}
    began_s = time.monotonic()
    while True:
        found: list[Finding] = []
        async with TaskGroup() as group:
            for cluster in roster.clusters:
                group.create_task(
                    _audit_peer(cluster, wanted, found), name=f"audit of {cluster.name}"
                )
        found = _folded(found, ill)
        silent = [one for one in found if one.verdict == "unknown"]
        patience_s = silent_s if len(silent) == len(found) else settle_s
        if all(one.verdict == "unknown" and one.subject in ill for one in found):
            patience_s = 0.0  # it is known to be down: nothing comes of waiting
        if not found or time.monotonic() + _AGAIN_S - began_s > patience_s:
            if {one.subject for one in silent} >= {cluster.name for cluster in roster.clusters}:
                found = [replace(one, verdict="fail") for one in found]
            return sorted(found, key=lambda one: (one.subject, one.evidence))
        await asyncio.sleep(_AGAIN_S)


def _folded(found: list[Finding], ill: Collection[str]) -> list[Finding]:
    """Return the findings, those of each ill peer as one that says what is not known."""
    kept = [one for one in found if _peer(one) not in ill or one.verdict == "unknown"]
    for name in ill:
        lacks = sum(_peer(one) == name for one in found if one.verdict == "fail")
        if lacks:
            kept.append(
                Finding(
                    verdict="unknown",
                    subject=name,
                    evidence=f"its Kubo is down, and its state differs in {lacks:,} pins",
                    remedy="Start its Kubo; it then learns of them from the others.",
                )
            )
    return kept


def _peer(finding: Finding) -> str:
    return finding.evidence.partition(":")[0]


async def _audit_peer(
    cluster: ClusterClient, wanted: dict[str, RecordedPin], found: list[Finding]
) -> None:
    left = dict(wanted)
    try:
        async for pin in cluster.allocations():
            recorded = left.pop(pin.cid, None)
            if recorded is not None:
                fault = _difference(recorded, pin)
                if fault:
                    found.append(_finding(recorded.root, f"{cluster.name}: {fault}"))
    except VgwmError as error:
        found.append(_unheard(cluster.name, error))
        return
    found += [_finding(root, f"{cluster.name}: not in its state") for root in left]
    await _audit_kubo(cluster, wanted, found)


async def _audit_kubo(
    cluster: ClusterClient, wanted: dict[str, RecordedPin], found: list[Finding]
) -> None:
    """Ask a peer what its Kubo has lost; with very many pins it may not tell in time."""
    try:
        lost = await cluster.pins_lost()
    except VgwmError as error:
        found.append(_unheard(f"what {cluster.name} lost", error))
        return
    found += [
        _finding(root, f"{cluster.name}: {state.status}: {excerpt(state.error.encode())}")
        for root, state in lost.items()
        if root in wanted
    ]


def _unheard(subject: str, error: VgwmError) -> Finding:
    return Finding(
        verdict="unknown", subject=subject, evidence=safe(error.what), remedy=error.remedy
    )


def _difference(recorded: RecordedPin, pin: Pin) -> str:
    if set(recorded.allocations) != set(pin.allocations):
        return f"allocated to {', '.join(pin.allocations) or 'no peer'}"
    rf = len(recorded.allocations)
    if (pin.replication_min, pin.replication_max) != (rf, rf):
        return f"replication {pin.replication_min}..{pin.replication_max}, recorded was {rf}"
    return ""


def _finding(root: str, evidence: str) -> Finding:
    return Finding(
        verdict="fail",
        subject=root,
        evidence=evidence,
        remedy="Run `vgwm copy` again: it has them pinned anew.",
    )
