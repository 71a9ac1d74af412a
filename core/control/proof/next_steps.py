"""What an operator does next about what a verification found. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import count
from core.verify.difference import Ill
from core.verify.repair_plan import DEEDS, REMEDIES

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.control.wire import verify as wire_verify


def next_steps(proof: wire_verify.Proof, lists: Collection[str]) -> list[str]:
    """Return a line for what a repair mends, then one for each kind that something else ends.

    lists: whose kinds are meant.
    """
    found = [(Ill(one.kind), one.rows) for one in proof.kinds if one.name in lists and one.rows]
    mended = sum(rows for ill, rows in found if ill in DEEDS)
    # rows of others are counted among them, and left by the plan
    most = "up to " if any(ill is Ill.ORPHAN_ROW for ill, _ in found) else ""
    repair = f"mends {most}{count(mended)}: vgwm metadata repair --from {proof.folder}"
    told = [repair] if mended else []
    told += [f"{count(rows)} {ill}: {REMEDIES[ill]}" for ill, rows in found if ill in REMEDIES]
    return [f"next: {line}" for line in told]
