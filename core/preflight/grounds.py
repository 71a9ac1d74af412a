"""What an assessment stands on: handed in, since probes and engine are other rooms.

May import the configuration, the ledger's counters and the model.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.preflight.survey import Survey
    from core.verdict import Answer


async def _nobody_asked() -> Sequence[Answer]:
    return ()


def _unheard(_objects: int) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What the rows are judged by.

    folder: of the workspace. probed: resolves when every probe has answered; called once, and
    only if a row needs it; raises VgwmError, which is unknown. notes: text by manual item. known:
    the last survey, or one of the plan (`survey_of_plan`): taken where no row of the walk is asked.
    walked: hears how many entries the walk has seen.
    """

    workspace: Workspace
    folder: Path
    probed: Callable[[], Awaitable[Sequence[Answer]]] = _nobody_asked
    notes: Mapping[str, str] = field(default_factory=dict)
    known: Survey | None = None
    walked: Callable[[int], None] = _unheard
    clock_ns: Callable[[], int] = time.time_ns
