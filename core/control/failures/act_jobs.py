"""How far a job on failures is, and what it came to, as the API gives it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.engine.acts.progress import ActProgress
from core.model import ENDED, JobKind

if TYPE_CHECKING:
    from core.control.wire import state as wire
    from core.ledger.rows import JobRow

ACTS = frozenset({JobKind.RETRY, JobKind.SKIP, JobKind.UNSKIP})


class ActFigures(NamedTuple):
    """done of total objects; total None: not all of them are taken yet. by: as `wire.Job`."""

    done: int
    total: int | None
    by: dict[str, int]


def act_figures(row: JobRow, now: wire.Totals) -> ActFigures:
    """Return what a job on failures has come to.

    A retry has the ledger's copies to itself: what was recorded since it began is its own. Once it
    has ended its last figures are kept with it.
    """
    progress = ActProgress.parse(row.progress)
    if row.kind is not JobKind.RETRY:
        by = {"objects": progress.taken, "size_bytes": progress.taken_bytes}
        return ActFigures(progress.taken, progress.taken if row.state in ENDED else None, by)
    last = progress.figures
    if last is not None:
        by = {
            "queued": last.queued,
            "recovered": last.recovered,
            "still_failed": last.still_failed,
            "gone": last.gone,
            "waiting": last.waiting,
        }
        return ActFigures(last.queued - last.waiting, last.queued, by)
    if progress.last is None:
        return ActFigures(0, None, {"queued": 0, "recovered": 0, "gone": 0})
    recovered, gone = now.migrated - progress.migrated, now.gone - progress.gone
    by = {"queued": progress.taken, "recovered": recovered, "gone": gone}
    return ActFigures(recovered + gone, progress.taken if progress.whole else None, by)
