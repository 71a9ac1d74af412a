"""What an assessment was asked to do, as its job's args hold it. Pure.

May import the configuration, the errors and the rows of the assessment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.units import parse_duration
from core.display import safe
from core.errors import BadInput
from core.preflight.rows import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.schema import Workspace

MOST_MEASURE_S: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessWish:
    """only: the rows that are asked; empty: all. measure_s: of the trial, 0 without one."""

    only: tuple[str, ...] = ()
    measure_s: float = 0.0

    @staticmethod
    def of(args: Mapping[str, str], workspace: Workspace) -> AssessWish:
        """Read a job's args. Raises BadInput for no such row, and for no time."""
        only = tuple(dict.fromkeys(args["only"].split(","))) if "only" in args else ()
        known = [row.id for row in rows(workspace)]
        unknown = [one for one in only if one not in known]
        if unknown:
            raise BadInput(
                what=f"there is no check {safe(', '.join(unknown)) or 'without a name'}",
                where="assess --only",
                remedy=f"Checks: {', '.join(known)}.",
            )
        measure_s = parse_duration(args["measure"]) if "measure" in args else 0.0
        if measure_s > MOST_MEASURE_S or ("measure" in args and not measure_s):
            raise BadInput(
                what=f"a trial of {measure_s:.0f} s",
                where="assess --measure",
                remedy=f"It may take up to {MOST_MEASURE_S:.0f} s, and some time.",
            )
        return AssessWish(only=only, measure_s=measure_s)
