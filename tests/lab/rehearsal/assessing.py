"""The assessment until servers have answered it, and its warnings taken on by name.

On a busy host one of them may be late once: it is asked again, as an operator would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from tests.lab.vgwm import Vgwm

TRIES: Final = 4
ANSWERED: Final = frozenset({0, 1, 4})  # also where a check failed, or was not answered
NOT_HERE: Final = frozenset({"docker"})
"""Unknown on many hosts; a cutover does without."""


def assess(vgwm: Vgwm) -> None:
    """Assess everything. Raises LabError where a check fails, or stays silent."""
    begun = vgwm.run("--json", "assess", code=None)
    if begun.code not in ANSWERED:
        raise LabError(f"vgwm assess ended with {begun.code}: {begun.err[-2_000:]}")
    for _ in range(TRIES):
        ill = _ill(_checks(vgwm))
        if not ill:
            break
        for check in ill:
            vgwm.run("assess", "--only", str(check["id"]), code=None)
    else:
        raise LabError(f"the assessment does not pass: {_ill(_checks(vgwm))}")
    for check in _checks(vgwm):
        if check["state"] == "warn":
            vgwm.run("assess", "--ack", f"{check['id']}=on loopback", code=None)


def _ill(checks: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        check
        for check in checks
        if check["state"] in {"fail", "unknown"}
        and not check["manual"]
        and check["id"] not in NOT_HERE
    ]


def _checks(vgwm: Vgwm) -> list[dict[str, object]]:
    checks = vgwm.run("--json", "assess", "--last", code=None).result()["checks"]
    if not isinstance(checks, list):
        raise LabError("no checks")
    return checks
