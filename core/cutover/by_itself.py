"""When a cutover goes back without a person: a red gate, and nothing to lose. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.gate import Gate
    from core.cutover.risk import Risk

LAG_ZERO: Final = "lag-zero"

OF_GREEN: Final = frozenset({"live-mismatch", "live-errors", "live-slow", "live-cases"})
"""Gates that say that green does not serve well: the others are no reason to leave it."""


def red(gates: Sequence[Gate], now_ns: int) -> list[Gate]:
    """Return the gates that say now that something is wrong; unknown and stale ones do not."""
    return [gate for gate in gates if gate.verdict is Verdict.FAIL and not gate.is_stale(now_ns)]


def why_back(
    gates: Sequence[Gate], now_ns: int, *, wrote: bool | None, risk: Risk, policy: str
) -> str:
    """Return why a slice goes back by itself, "" if it does not.

    wrote: whether green has accepted a write, None where nobody knows. policy: `auto_rollback` of
    vgwm.yaml. Before green's first write nothing can be lost; behind it the policy `lag-zero` lets
    it go back while blue holds all that green accepted.
    """
    wrong = [gate for gate in red(gates, now_ns) if gate.name in OF_GREEN]
    if not wrong:
        return ""
    named = "; ".join(f"{gate.name}: {gate.evidence}" for gate in wrong)
    if wrote is False:
        return f"green has accepted no write yet, and {named}"
    if policy == LAG_ZERO and _nothing_waits(risk):
        return f"blue holds all that green accepted, and {named}"
    return ""


def _nothing_waits(risk: Risk) -> bool:
    waiting = risk.writes + risk.deletes + risk.uncarriable
    return bool(risk.since_ns) and not waiting and not risk.silent_since_ns
