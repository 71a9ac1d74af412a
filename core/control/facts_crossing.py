"""The facts of a cutover: where slices stand, and what is at risk. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import Fact, State
from core.display import clock_s

if TYPE_CHECKING:
    from core.control.wire import state as wire


def cutover_facts(now: wire.Snapshot) -> list[Fact]:
    """Return where slices stand, what was refused between them, and what is at risk on green."""
    found = [
        Fact(
            label=f"slice {one.name}",
            parts=(f"{one.number} {one.state}", f"writes: {one.writable}", *_at_risk(one)),
            state=State.FAIL if one.writable == "both" else State.RUNNING,
        )
        for one in now.slices
    ]
    refused = max((one.across or 0 for one in now.slices), default=0)
    if refused:
        told = f"{display.count(refused)} refused by load balancers since they began"
        found.append(Fact(label="copies across", parts=(told,), state=State.WARN))
    return [*found, risk_fact(now.risk)] if now.risk is not None and now.risk.since_ns else found


def _at_risk(one: wire.SliceShort) -> tuple[str, ...]:
    """Return what is at risk of a slice that goes by itself."""
    if one.risk is None:
        return ()
    first, *rest = risk_fact(one.risk).parts
    return (f"at risk: {first}", *rest)


def risk_fact(risk: wire.Risk) -> Fact:
    """Return what is on green and not known to be on blue; unknown where its feed is silent."""
    if risk.silent_since_ns:
        since = f"unknown since {clock_s(risk.silent_since_ns)}"
        return Fact(
            label="at risk", parts=(f"{since}: green's changes are not heard",), state=State.UNKNOWN
        )
    cannot = display.counted(risk.uncarriable, "key")
    lost = (f"{cannot} cannot go back",) if risk.uncarriable else ()
    if not risk.writes and not risk.deletes:
        parts = ("nothing: all of green's is on blue", *lost)
        return Fact(label="at risk", parts=parts, state=State.WARN if lost else State.PASS)
    deletes = (display.counted(risk.deletes, "delete"),) if risk.deletes else ()
    oldest = () if risk.oldest_s is None else (f"oldest {display.age(risk.oldest_s)}",)
    counted = (display.counted(risk.writes, "write"), display.size(risk.size_bytes))
    return Fact(label="at risk", parts=(*counted, *deletes, *oldest, *lost), state=State.WARN)
