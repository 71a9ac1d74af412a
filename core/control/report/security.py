"""What answers of the target's gateways say of logins and encryption. Pure.

Only gateways of the green side count: those of the blue one serve the old target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.control.report.proved import FAIL, PASS, UNKNOWN, Judged
from core.display import count
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.report import ReportLedger
    from core.verdict import Answer

TLS: Final = "tls"
LOGINS: Final = frozenset({"signed", "refuses"})

_NAME_ONE: Final = "Name the target's gateway in vgwm.yaml, side green."
_HTTPS: Final = " https://"


class Gateways(NamedTuple):
    """Answers of the target's gateways. asked: anybody was; named: there are any."""

    asked: bool
    named: bool
    answers: Sequence[Answer] = ()


def logins(known: Gateways) -> Judged:
    """Judge whether a good signature is let in, and a wrong one is not."""
    return _unasked(known) or _worst([one for one in known.answers if one.check in LOGINS])


def encryption(known: Gateways) -> Judged:
    """Judge the way to the gateways: plain HTTP is none, on whatever host."""
    unasked = _unasked(known)
    if unasked is not None:
        return unasked
    answers = [one for one in known.answers if one.check == TLS]
    plain = [one for one in answers if _HTTPS not in f" {one.endpoint}"]
    if plain:
        return Judged(
            state=FAIL,
            evidence=f"plain HTTP: {', '.join(one.endpoint for one in plain)}",
            measured_ns=min(one.at_ns for one in plain),
            remedy="Start it with --cert and --key, or name the address of the proxy with TLS.",
        )
    return _worst(answers)


def auditing(ledger: ReportLedger) -> Judged:
    """Say what is known: this migration's own log; that of a gateway is its own."""
    whole = "an unbroken chain" if ledger.broken_at is None else "a broken chain"
    return Judged(
        state=UNKNOWN if ledger.broken_at is None else FAIL,
        evidence=f"of this migration {count(ledger.events)} events in {whole};"
        " nobody looked at the gateway's access log",
        remedy="See that the target's gateway writes its access log.",
    )


def _unasked(known: Gateways) -> Judged | None:
    if not known.named:
        return Judged(state=UNKNOWN, evidence="no gateway of the target is named", remedy=_NAME_ONE)
    if not known.asked:
        return Judged(
            state=UNKNOWN,
            evidence="the target's gateway was not asked",
            remedy="vgwm report without --offline asks it.",
        )
    return None


def _worst(answers: Sequence[Answer]) -> Judged:
    """Fail if one fails, pass if all pass; a warning is no pass."""
    by = {verdict: [a for a in answers if a.verdict is verdict] for verdict in Verdict}
    if by[Verdict.FAIL]:
        state, told = FAIL, by[Verdict.FAIL]
    elif by[Verdict.UNKNOWN] or by[Verdict.WARN] or not answers:
        state, told = UNKNOWN, [*by[Verdict.UNKNOWN], *by[Verdict.WARN]]
    else:
        state, told = PASS, list(answers)
    return Judged(
        state=state,
        evidence="; ".join(f"{one.check} at {one.endpoint}: {one.evidence}" for one in told)
        or "no answer",
        measured_ns=min((one.at_ns for one in told), default=None),
        remedy=" ".join(dict.fromkeys(one.remedy for one in told if one.remedy)),
    )
