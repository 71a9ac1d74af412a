"""The last verification in a line: the phase `validate` of Home, and what of it needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core import display
from core.control.fact import State
from core.model import ENDED, JobState
from tui.facts.proven import VERIFY
from tui.views.proof_head import age_s, stale
from tui.views.words import job_word, stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.state import Snapshot
    from core.control.wire.verify import Proof
    from tui.views.line import Piece


class Validated(NamedTuple):
    """How the phase stands, its evidence, whether it is at work, and what needs a person."""

    state: Piece
    evidence: str
    is_now: bool = False
    needs: str = ""


def validated(proofs: Sequence[Proof] | None, now: Snapshot, now_ns: int) -> Validated:
    """Return what the newest verification says; a part, or an old one, proves less (I7)."""
    if proofs is None:
        return Validated(stands(State.UNKNOWN, "unknown"), "not read yet")
    proof = next((one for one in proofs if one.kind == VERIFY), None)
    if proof is None:
        return Validated(stands(State.UNKNOWN, "not run"), "-")
    if proof.state not in ENDED and proof.ended_ns is None:
        return _running(proof)
    return _ended(proof, now, now_ns)


def _running(proof: Proof) -> Validated:
    """Return how far a verification is that has not ended; one that stands still is at no work."""
    if proof.state != JobState.RUNNING:
        return Validated(job_word(proof.state), _found(proof), is_now=True)
    done = display.percent(proof.joined, proof.keys) if proof.phase == "join" else proof.phase
    return Validated(stands(State.RUNNING, f"verifying {done}"), _found(proof), is_now=True)


def _ended(proof: Proof, now: Snapshot, now_ns: int) -> Validated:
    found = _found(proof)
    ago = "" if proof.ended_ns is None else f"{display.age(age_s(proof, now_ns))} ago"
    if proof.partial:
        said = ", ".join(part for part in (found or "nothing found", ago) if part)
        return Validated(stands(State.WARN, f"{proof.state}: a part"), said)
    if found:
        needs = f"verify: {found}"
        return Validated(stands(State.FAIL, "not equal"), f"{found}, {ago}", needs=needs)
    if stale(proof, now):
        return Validated(stands(State.STALE, "equal, but stale"), f"{ago}: B on Verify")
    return Validated(stands(State.PASS, "equal"), f"{_bytes(proof)}, {ago}")


def _found(proof: Proof) -> str:
    """Return `12 differ, 340 missing`; empty if every key is equal."""
    return ", ".join(
        f"{display.count(one.objects)} {one.name}"
        for one in proof.lists
        if one.name != "equal" and one.objects
    )


def _bytes(proof: Proof) -> str:
    if proof.bytes.mode == "full" and proof.bytes.whole:
        return "every byte"
    return f"{display.count(proof.bytes.n)} read again" if proof.bytes.n else "no byte read"
