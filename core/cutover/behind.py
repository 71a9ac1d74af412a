"""The watch window's gates that look at blue: does it follow, does anybody write there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.display import age, size
from core.target.changes import CHANGEFEED, MERGE, TRIGGERS
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.limits import Limits
    from core.cutover.risk import Risk
    from core.ledger.greenlog import Stand

LAG_S: Final = 60.0

KEPT_SHARE: Final = 0.5
"""So much of what a feed keeps may go by unread: what is left is the time to do something."""

FOREIGN_LIMIT_S: Final = 1_800.0

_FRESH_S: Final = 30.0
_NS: Final = 1_000_000_000
_CONTINUOUS: Final = "continuous"
_OFF: Final = "off"


def lag_gate(risk: Risk, reverse: str, most: Limits, now_ns: int) -> Gate:
    """Judge how far blue is behind green.

    reverse: the policy of vgwm.yaml; one under which blue does not follow is a warning. most: of
    the plan that was confirmed: past it the gate is red, whatever the policy.
    """
    lag_s = (now_ns - risk.oldest_ns) / _NS if risk.oldest_ns else 0.0
    waiting = risk.writes + risk.deletes
    verdict, beyond = Verdict.PASS, _beyond(risk, most)
    told = f"{waiting:,} changes wait, the oldest for {lag_s:.0f} s" if waiting else "none waits"
    if beyond:
        verdict, told = Verdict.FAIL, f"{told}; {beyond}"
    elif reverse != _CONTINUOUS:
        verdict, told = Verdict.WARN, f"reverse copy is {reverse}: blue does not follow"
    elif not risk.since_ns or risk.silent_since_ns:
        verdict, told = Verdict.UNKNOWN, "the feed of green's changes is silent"
    elif waiting and lag_s > LAG_S:
        verdict = Verdict.FAIL
    return Gate(
        name="live-lag",
        verdict=verdict,
        evidence=told,
        at_ns=now_ns,
        limit_s=_FRESH_S,
        remedy="" if verdict is Verdict.PASS else "Look at the job of the reverse copy: vgwm jobs.",
    )


def _beyond(risk: Risk, most: Limits) -> str:
    """Say what is more at risk than was confirmed, "" for nothing; the figures may be too low."""
    waiting = risk.writes + risk.deletes
    if waiting > most.objects:
        return f"{waiting:,} objects at risk, the plan allows {most.objects:,}"
    if risk.size_bytes > most.size_bytes:
        return f"{size(risk.size_bytes)} at risk, the plan allows {size(most.size_bytes)}"
    return ""


def feed_gate(at: Stand, reverse: str, now_ns: int) -> Gate:
    """Judge how old what nobody has read of green's changes can be, against what the feed keeps.

    at: of the reverse copy: all before its last look is in the ledger; no unread change is older.
    reverse: the policy of vgwm.yaml.
    """
    verdict, told = Verdict.PASS, ""
    if reverse == _OFF:
        verdict, told = Verdict.WARN, "reverse copy is off: green's changes are not read"
    elif at.feed == CHANGEFEED:
        age_s = max(now_ns - max(at.heard_ns, at.since_ns), 0) / _NS
        told = f"read {age(age_s)} ago, unread changes are kept for {age(at.keeps_s)}"
        if age_s >= KEPT_SHARE * at.keeps_s:
            verdict = Verdict.FAIL
    elif at.feed == TRIGGERS:
        told = "a list in the object table: nothing of it expires"
    elif at.feed == MERGE:
        told = "the whole object table is compared each time: nothing expires"
    else:
        verdict, told = Verdict.UNKNOWN, "green's changes are not told: a whole look is due"
    return Gate(
        name="live-feed",
        verdict=verdict,
        evidence=told,
        at_ns=now_ns,
        limit_s=_FRESH_S,
        remedy="" if verdict is Verdict.PASS else "Look at the job of the reverse copy: vgwm jobs.",
    )


def foreign_gate(foreign: int, names: Sequence[str], at_ns: int, why: str = "") -> Gate:
    """Judge what somebody else wrote on blue. at_ns: of the look, 0 if there was none.

    why: what hindered it, "" for nothing.
    """
    verdict, told = Verdict.PASS, "nobody else wrote on blue since the flip"
    if why or not at_ns:
        verdict, told = Verdict.UNKNOWN, why or "not looked yet"
    elif foreign:
        shown = f", such as {', '.join(names)}" if names else ""
        verdict, told = Verdict.FAIL, f"{foreign:,} keys on blue were written by others{shown}"
    return Gate(
        name="live-foreign",
        verdict=verdict,
        evidence=told,
        at_ns=at_ns,
        limit_s=FOREIGN_LIMIT_S,
        remedy="" if verdict is Verdict.PASS else "Find who writes past the load balancers.",
    )
