"""A row of the assessment as it was judged, and how it becomes an answer.

May import the verdicts.
"""

from __future__ import annotations

from typing import NamedTuple

from core.verdict import Answer, Component, Verdict

PASS = Verdict.PASS
WARN = Verdict.WARN
FAIL = Verdict.FAIL
UNKNOWN = Verdict.UNKNOWN

RANK = {PASS: 0, WARN: 1, UNKNOWN: 2, FAIL: 3}
"""How bad: no answer is worse than a warning, which at least is one (I7)."""


class Judged(NamedTuple):
    """What a row came to. evidence, remedy: safe to show; remedy is empty for a pass."""

    verdict: Verdict
    evidence: str
    remedy: str = ""

    def answer(self, check: str, component: Component, *, at_ns: int, took_s: float) -> Answer:
        """Return it as the answer of a row. at_ns: UTC."""
        return Answer(
            check=check,
            component=component,
            verdict=self.verdict,
            evidence=self.evidence,
            at_ns=at_ns,
            took_s=took_s,
            remedy=self.remedy,
        )


def worst(judged: list[Judged], otherwise: Judged) -> Judged:
    """Return the worst of several, with the evidence of all that are as bad; `otherwise` if none.

    Remedies are said once each.
    """
    if not judged:
        return otherwise
    bad = max(RANK[one.verdict] for one in judged)
    same = [one for one in judged if RANK[one.verdict] == bad]
    evidence = "; ".join(dict.fromkeys(one.evidence for one in same))
    remedy = " ".join(dict.fromkeys(one.remedy for one in same if one.remedy))
    return Judged(same[0].verdict, evidence, remedy)
