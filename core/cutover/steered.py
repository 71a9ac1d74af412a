"""Whether every load balancer still sends a slice to green (gate `live-traffic`, I10). Pure.

One that somebody brought to blue by hand, or that a restart with another map did, lets both sides
accept writes: nobody but a way back may move it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.cutover.mode import Mode
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.cutover.reading import Reading

_FRESH_S: Final = 30.0
_REMEDY: Final = (
    "Bring it to green by its map, file first; or all of them back: vgwm rollback plan."
)


def steered_gate(seen: Reading, at_ns: int) -> Gate:
    """Judge what all of them say of a slice that green serves; silence is unknown (I7)."""
    named = "; ".join(f"{one.name}: {one.why}" for one in seen.beside(Mode.GREEN))
    if seen.modes - {Mode.GREEN}:
        verdict, told = Verdict.FAIL, named
    elif named or not seen.told:
        verdict, told = Verdict.UNKNOWN, named or "no load balancer is named in vgwm.yaml"
    else:
        verdict, told = Verdict.PASS, f"{len(seen.told)} at green"
    return Gate(
        name="live-traffic",
        verdict=verdict,
        evidence=told,
        at_ns=at_ns,
        limit_s=_FRESH_S,
        remedy="" if verdict is Verdict.PASS else _REMEDY,
    )
