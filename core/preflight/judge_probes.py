"""Judgements of the rows that probes answer, and of those that only somebody can. Pure.

May import the model and the verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.preflight.judged import PASS, RANK, UNKNOWN, WARN, Judged
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Finding
    from core.preflight.rows import Row
    from core.verdict import Answer

APART: Final = frozenset({"clock", "repo"})
"""Checks of a component that have a row of their own: `clock`, and `capacity` for `repo`."""

NEVER_FAILS: Final = frozenset({"network"})
"""A way that is shut is no reason of its own to refuse: the row of the server behind it judges."""

NAME_ACCOUNTS: Final = (
    "vgwm config backup keeps them; then assess again. Or look yourself: vgwm iam audit."
)
_SHOWN: Final = 3


def probed(row: Row, answers: Sequence[Answer]) -> Judged:
    """Return the worst of the probes' answers that belong to a row; none at all is unknown."""
    mine = [answer for answer in answers if _belongs(row, answer)]
    if not mine:
        return Judged(UNKNOWN, "no probe has answered", "vgwm check all asks them alone.")
    mine = _explained(row, mine)
    bad = max(RANK[answer.verdict] for answer in mine)
    same = [answer for answer in mine if RANK[answer.verdict] == bad]
    if bad == RANK[Verdict.PASS]:
        return Judged(PASS, f"{len(mine)} checks pass: {_names(same)}")
    told = "; ".join(_told(answer) for answer in same[:_SHOWN])
    more = f"; and {len(same) - _SHOWN} more" if len(same) > _SHOWN else ""
    remedy = " ".join(dict.fromkeys(answer.remedy for answer in same[:_SHOWN] if answer.remedy))
    verdict = same[0].verdict
    if verdict is Verdict.FAIL and row.id in NEVER_FAILS:
        verdict = WARN
    return Judged(verdict, told + more, remedy or "Look at it with vgwm check.")


def _explained(row: Row, mine: list[Answer]) -> list[Answer]:
    """Leave out silent servers where the answer about all of them has judged how many there are.

    guide.md 7: fewer peers than all are a warning, too few for the copies a fail.
    """
    of_all = [one for one in mine if one.check == row.id and not one.endpoint]
    if not any(one.verdict in {Verdict.WARN, Verdict.FAIL} for one in of_all):
        return mine
    return [one for one in mine if one.verdict is not Verdict.UNKNOWN]


def _belongs(row: Row, answer: Answer) -> bool:
    if row.id == "clock":
        return answer.check == row.id
    return answer.component in row.probed and answer.check not in APART


def _names(answers: Sequence[Answer]) -> str:
    return ", ".join(dict.fromkeys(answer.check for answer in answers))


def _told(answer: Answer) -> str:
    where = f" at {answer.endpoint}" if answer.endpoint else ""
    return f"{answer.check}{where}: {answer.evidence}"


def note(text: str | None, item: str) -> Judged:
    """Return what somebody says of a manual item: without a word it stays unknown."""
    if text:
        return Judged(PASS, text)
    return Judged(UNKNOWN, "no machine can tell", f'vgwm assess --note {item}="TEXT"')


def security(findings: Sequence[Finding] | None) -> Judged:
    """Judge the findings of the audit of accounts. A finding of verdict fail is a high one.

    guide.md 7 lets a high finding warn, not fail: the accounts of the source are as they are.
    """
    if findings is None:
        return Judged(UNKNOWN, "no accounts are known here", NAME_ACCOUNTS)
    high = [one for one in findings if one.verdict == "fail"]
    if not high:
        return Judged(PASS, f"accounts audited: no high finding, {len(findings)} in all")
    told = "; ".join(f"{one.subject}: {one.evidence}" for one in high[:_SHOWN])
    more = f"; and {len(high) - _SHOWN} more" if len(high) > _SHOWN else ""
    remedy = " ".join(dict.fromkeys(one.remedy for one in high[:_SHOWN] if one.remedy))
    return Judged(WARN, f"{len(high)} high: {told}{more}", remedy)
