"""What iam commands answer, made of stores, findings and proofs; and as plain lines. Pure."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from core.control.wire import iam as wire_iam
from core.display import count, safe
from core.iam.finding import Level
from core.iam.proof import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.config.mark import Marks
    from core.iam.account import Account, Store
    from core.iam.finding import Finding
    from core.iam.proof import Proof

_WORST: Final = (Level.FAIL, Level.HIGH, Level.WARN)
_GLYPHS: Final = {"fail": "x", "high": "x", "warn": "!", "ok": "="}


def report(
    act: str,
    store: Store,
    findings: Sequence[Finding],
    marks: Marks,
    *,
    proof: Proof | None = None,
) -> wire_iam.IamReport:
    """Return a report on a store; accounts of the other side that it lacks come in behind."""
    states: Mapping[str, State] = {} if proof is None else proof.states
    by_access: dict[str, list[wire_iam.IamFinding]] = {}
    for finding in findings:
        by_access.setdefault(finding.access, []).append(_finding(finding))
    accounts = [
        _account(account, states.get(account.key), by_access.pop(safe(account.key), []), marks)
        for account in store.accounts
    ]
    known = {account.key for account in store.accounts}
    accounts += [_other_side(access, at) for access, at in states.items() if access not in known]
    levels = Counter(finding.level for finding in findings)
    return wire_iam.IamReport(
        act=act,
        kind=store.kind.value,
        source=store.where,
        count=len(store.accounts),
        by_role={safe(role) or "none": n for role, n in store.by_role().items()},
        accounts=tuple(accounts),
        findings=tuple(one for group in by_access.values() for one in group),
        fails=levels[Level.FAIL],
        highs=levels[Level.HIGH],
        warns=levels[Level.WARN],
        proof=None if proof is None else _proof(proof),
        at_ns=time.time_ns(),
    )


def _finding(finding: Finding) -> wire_iam.IamFinding:
    return wire_iam.IamFinding(
        level=finding.level.value,
        rule=finding.rule,
        access=finding.access,
        evidence=finding.evidence,
        remedy=finding.remedy,
    )


def _account(
    account: Account, state: State | None, findings: list[wire_iam.IamFinding], marks: Marks
) -> wire_iam.IamAccount:
    levels = {finding.level for finding in findings}
    return wire_iam.IamAccount(
        access=safe(account.key),
        role=safe(account.role),
        user_id=account.whole("userID"),
        group_id=account.whole("groupID"),
        project_id=account.whole("projectID"),
        secret="" if account.secret is None else marks.of(account.secret),
        state="-" if state is None else state.value,
        level=next((level.value for level in _WORST if level.value in levels), "ok"),
        findings=tuple(findings),
    )


def _other_side(access: str, state: State) -> wire_iam.IamAccount:
    return wire_iam.IamAccount(
        access=safe(access),
        role="",
        user_id=None,
        group_id=None,
        project_id=None,
        secret="",
        state=state.value,
        level="fail",
    )


def _proof(proof: Proof) -> wire_iam.IamProof:
    return wire_iam.IamProof(
        old=proof.old,
        new=proof.new,
        equal=proof.number(State.EQUAL),
        missing=proof.number(State.MISSING),
        differs=proof.number(State.DIFFERS),
        extra=proof.number(State.EXTRA),
        holds=proof.holds,
    )


def lines(told: wire_iam.IamReport) -> Iterator[str]:
    """Yield a report as plain lines: the head, then each account, then each finding."""
    roles = ", ".join(f"{count(n)} {role}" for role, n in sorted(told.by_role.items()))
    yield f"{told.source}   {count(told.count)} accounts" + (f": {roles}" if roles else "")
    if told.target:
        yield f"-> {told.target}   {told.state}"
    if told.proof is not None:
        yield _proved(told.proof)
    width = max([len(account.access) for account in told.accounts], default=0)
    for account in told.accounts:
        uid = "-" if account.user_id is None else account.user_id
        first = account.findings[0].evidence if account.findings else ""
        yield (
            f"{_GLYPHS[account.level]} {account.level:<5} {account.access:<{width}}  "
            f"{account.role:<9} {uid:>6}  {account.secret or '[none]':<13}  {first}"
        ).rstrip()
    yield from _findings(told)
    if told.backup:
        yield f"the former file is kept as {told.backup}"


def _findings(told: wire_iam.IamReport) -> Iterator[str]:
    whole: Iterable[wire_iam.IamFinding] = (
        *told.findings,
        *(finding for account in told.accounts for finding in account.findings),
    )
    for finding in whole:
        about = f"{finding.access}: " if finding.access else ""
        head = f"{_GLYPHS[finding.level]} {finding.level:<5} {finding.rule}"
        yield f"{head}  {about}{finding.evidence}"
        yield f"        {finding.remedy}"


def _proved(proof: wire_iam.IamProof) -> str:
    others = "".join(
        f"  {count(n)} {name}"
        for name, n in (
            ("missing", proof.missing),
            ("differ", proof.differs),
            ("extra", proof.extra),
        )
        if n
    )
    return (
        f"{count(proof.old)} there, {count(proof.new)} here   "
        f"HMAC proof {count(proof.equal)} of {count(max(proof.old, proof.new))}{others}"
    )
