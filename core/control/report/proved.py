"""What verifications and checks prove of a kind of fault, now. Pure.

A proof speaks of the target as it was: once that has changed, what was proved is unknown again, a
fault as much as its absence (I7). A part that was looked at later can only add faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from core.display import count, counted, size
from core.verify.difference import Ill
from core.verify.repair_plan import DEEDS, REMEDIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from core.control.wire import verify as wire_verify

PASS: Final = "pass"  # noqa: S105 - a verdict, no password
FAIL: Final = "fail"
UNKNOWN: Final = "unknown"

_AGAIN: Final = "Verify again: vgwm verify."
_VERIFY: Final = "vgwm verify"
_KIND: Final = "verify"
_ALMOST: Final = 3.0
"""A sample of so many times 1/share without a bad one bounds the share, at 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A state with its reason. measured_ns: of what it rests on, None where nothing was seen."""

    state: str
    evidence: str
    measured_ns: int | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """All proofs, the newest first, and when the target last changed.

    changing: the job that changes it now. max_bound: the largest share of bad objects that a sample
    may leave likely (`cutover.max_bound`).
    """

    proofs: Sequence[wire_verify.Proof]
    changed_ns: int | None = None
    changing: int | None = None
    max_bound: float = 1.0

    def whole(self, *, read: bool = False) -> wire_verify.Proof | None:
        """Return the newest that looked at all keys to its end. read: and at bytes, too."""
        return next(
            (one for one in self.proofs if is_whole(one) and (not read or _read(one))), None
        )

    def fresh(self, proof: wire_verify.Proof) -> bool:
        """Tell whether the target is still as the proof found it."""
        unmoved = self.changed_ns is None or proof.began_ns > self.changed_ns
        return unmoved and self.changing is None

    def judge(self, ills: AbstractSet[Ill], *, read: bool = False) -> Judged:
        """Say whether there are faults of these kinds. read: whether bytes must have been read."""
        whole = self.whole(read=read)
        for proof in self.proofs:
            told = _faults(proof, ills, read=read)
            if told and self.fresh(proof):
                return Judged(
                    state=FAIL,
                    evidence=f"job {proof.job} ({proof.kind}) found {told}",
                    measured_ns=_seen_ns(proof),
                    remedy=_remedy(proof, ills),
                )
            if proof is whole:
                break
        if whole is None:
            of_bytes = " of bytes" if read and self.whole() is not None else ""
            return Judged(
                state=UNKNOWN, evidence=f"no verification{of_bytes} of all keys", remedy=_VERIFY
            )
        return self._of_whole(whole, ills, read=read)

    def _of_whole(self, whole: wire_verify.Proof, ills: AbstractSet[Ill], *, read: bool) -> Judged:
        """Judge by a verification beside which nothing newer found a fault."""
        said = bytes_text(whole.bytes) if read else join_text(whole)
        evidence = f"job {whole.job}: {said}"
        unread = objects_of(whole, "error") + (whole.bytes.unread if read else 0)
        state, remedy = PASS, ""
        if not self.fresh(whole):
            then = _faults(whole, ills, read=read)
            since = "a job changes the target now" if self.changing else "the target changed since"
            evidence += f"{f'; it found {then}' if then else ''}; {since}"
            state, remedy = UNKNOWN, _AGAIN
        elif unread:
            evidence += f"; {count(unread)} could not be looked at"
            state, remedy = UNKNOWN, f"See why in {whole.folder}/error.ndjson; then verify again."
        elif read and _bound(whole) > self.max_bound:
            evidence += f"; more than cutover.max_bound, {self.max_bound:.4%}"
            enough = ceil(_ALMOST / self.max_bound) if self.max_bound else 0
            sample = f"--sample-size {enough}, or " if enough else ""
            state, remedy = UNKNOWN, f"Read more: vgwm verify {sample}--full."
        return Judged(state=state, evidence=evidence, measured_ns=_seen_ns(whole), remedy=remedy)


def is_whole(proof: wire_verify.Proof) -> bool:
    """Tell whether a proof looked at every key on all sides, and came to its end."""
    limited = proof.partial or bool(proof.buckets) or proof.scope != "all"
    return proof.kind == _KIND and not limited and proof.ended_ns is not None


def objects_of(proof: wire_verify.Proof, name: str) -> int:
    """Return how many keys one of the five lists holds."""
    return next((one.objects for one in proof.lists if one.name == name), 0)


def join_text(proof: wire_verify.Proof) -> str:
    """Return `5,000 equal, 0 differ, 0 missing, 0 extra, 0 error`."""
    return ", ".join(f"{count(one.objects)} {one.name}" for one in proof.lists)


def bytes_text(told: wire_verify.Bytes) -> str:
    """Return what the bytes that were read prove."""
    read = f"{read_text(told)}, {count(told.bad)} bad"
    if told.mode == "full" and told.whole:
        return f"{read}: every byte was read, on {told.replicas} of the nodes that hold it"
    bound = "" if told.bound95 is None else f", at most {told.bound95:.4%} bad at 95 %"
    return f"{read}{bound}, seed {told.seed}"


def read_text(told: wire_verify.Bytes) -> str:
    """Return how many objects were read, their bytes, and what the target gave for that."""
    read = f"{counted(told.n, 'object')} read again"
    given = f"{size(told.read_bytes)} read from the target"
    return (
        f"{read}, {size(told.object_bytes)} ({given})" if told.object_bytes else f"{read}, {given}"
    )


def _read(proof: wire_verify.Proof) -> bool:
    """Tell whether bytes were read: of a sample, or all of them to the end."""
    told = proof.bytes
    return told.whole and (told.n > 0 or told.mode == "full")


def _bound(proof: wire_verify.Proof) -> float:
    return 1.0 if proof.bytes.bound95 is None else proof.bytes.bound95


def _faults(proof: wire_verify.Proof, ills: AbstractSet[Ill], *, read: bool) -> str:
    found = [
        f"{count(one.rows)} {one.kind}" for one in proof.kinds if one.kind in ills and one.rows
    ]
    if read and proof.bytes.bad and not found:
        found = [f"{count(proof.bytes.bad)} objects whose bytes are wrong"]
    return ", ".join(found)


def _remedy(proof: wire_verify.Proof, ills: AbstractSet[Ill]) -> str:
    """Return what ends the faults of these kinds: a repair, or what a repair leaves to."""
    found = sorted(one.kind for one in proof.kinds if one.kind in ills and one.rows)
    steps = dict.fromkeys(REMEDIES[Ill(kind)] for kind in found if kind in REMEDIES)
    if not steps or any(kind in DEEDS for kind in found):
        steps = {f"vgwm metadata repair --from {proof.folder}.": None, **steps}
    return f"See {proof.folder}; then: {' '.join(steps)}"


def _seen_ns(proof: wire_verify.Proof) -> int:
    return proof.began_ns if proof.ended_ns is None else proof.ended_ns
