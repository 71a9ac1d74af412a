"""Several findings made one: the worst verdict, with the evidence that made it so. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.probe.probe import Finding
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORST_FIRST: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)
_SHOWN: Final = 5


def worst(findings: Sequence[Finding]) -> Finding:
    """Return the findings as one; findings: at least one.

    A fail counts more than an unknown: it is known that it does not do.
    """
    verdict = next(v for v in _WORST_FIRST if any(one.verdict is v for one in findings))
    some = [one for one in findings if one.verdict is verdict]
    told = list(dict.fromkeys(one.evidence for one in some))
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return Finding(
        verdict,
        "; ".join(told[:_SHOWN]) + more,
        " ".join(dict.fromkeys(one.remedy for one in some if one.remedy)),
    )
