"""The ledger's rows and the engine's views as wire types; outside text is made safe here (I9)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import msgspec

from core.control.failures.act_jobs import ACTS, act_figures
from core.control.failures.remedy import remedy_of
from core.control.wire import state as wire
from core.display import object_name, safe
from core.engine.assessing.progress import AssessProgress
from core.engine.keeping.progress import KEEPING, KeepProgress
from core.engine.repairing.progress import RepairProgress
from core.engine.syncing.progress import SyncProgress
from core.engine.verifying.progress import VerifyProgress
from core.model import ENDED, JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.ledger.counters import Counters
    from core.ledger.rows import EventRow, FailureRow, JobRow, KnobRow


_CROSSING = frozenset({JobKind.CUTOVER, JobKind.REHEARSE, JobKind.REVERSE, JobKind.ROLLBACK})


def totals(counted: Counters, *, pins_waiting: int, waived: int) -> wire.Totals:
    """Return the counters of all buckets. pins_waiting: bundles copied and not yet seen pinned.

    waived: objects that operators have skipped, now.
    """
    return wire.Totals(
        objects=counted.objects,
        migrated=counted.migrated,
        failed=counted.failed,
        skipped=counted.skipped,
        gone=counted.gone,
        gone_bytes=counted.gone_bytes,
        remaining=counted.remaining,
        size_bytes=counted.size_bytes,
        migrated_bytes=counted.migrated_bytes,
        requeued=counted.requeued,
        bundles=counted.bundles,
        bundles_recorded=counted.bundles_recorded,
        pins_waiting=pins_waiting,
        markers=counted.markers,
        versions=counted.versions,
        waived=waived,
        skips_made=counted.skips_made,
        skips_undone=counted.skips_undone,
    )


def job(row: JobRow, now: wire.Totals, *, planned: bool) -> wire.Job:
    """Return a job. Its progress is that of the whole: a job goes on where the last one stopped.

    planned: the walk has ended, so that the number of objects is known.
    """
    copies = row.kind is JobKind.COPY
    ended = row.state in ENDED
    done = now.migrated if copies else now.objects
    of = now.wanted if copies else now.objects
    total = of if planned and (copies or ended) else None
    figures: dict[str, int] = {}
    if row.kind is JobKind.ASSESS:
        progress = AssessProgress.parse(row.progress)
        done, total = progress.answered, progress.rows or None
    elif row.kind is JobKind.REPAIR:
        mended = RepairProgress.parse(row.progress)
        done, total, figures = mended.done, mended.total or None, mended.figures
    elif row.kind is JobKind.SYNC:
        synced = SyncProgress.parse(row.progress)
        done, total, figures = synced.found.seen, None, synced.figures
    elif row.kind in {JobKind.VERIFY, JobKind.CHECK}:
        proved = VerifyProgress.parse(row.progress)
        done, total, figures = proved.done, proved.total or None, proved.figures
    elif row.kind in KEEPING:
        kept = KeepProgress.parse(row.progress)
        done, total, figures = kept.done, kept.total, kept.figures
    elif row.kind in _CROSSING:
        done, total = 0, None  # where its slice stands says how far it is
    elif row.kind in ACTS:
        done, total, figures = act_figures(row, now)
    return wire.Job(
        id=row.id,
        kind=row.kind,
        state=row.state,
        actor=safe(row.actor),
        made_ns=row.made_ns,
        began_ns=row.began_ns,
        ended_ns=row.ended_ns,
        reason=safe(row.reason),
        done=done,
        total=total,
        result=_error(row.result) if row.state is JobState.FAILED else None,
        figures=figures,
        args={safe(name): safe(value) for name, value in row.args.items()},
    )


def _error(result: str) -> wire.ErrorBody | None:
    try:
        return msgspec.json.decode(result, type=wire.ErrorBody)
    except msgspec.DecodeError:
        return None


def event(row: EventRow) -> wire.Event:
    """Return one durable event."""
    return wire.Event(
        seq=row.seq,
        ts_ns=row.ts_ns,
        kind=row.kind,
        level=row.level,
        who=safe(row.actor),
        text=row.text,
        job=row.job,
    )


def failure(row: FailureRow) -> wire.Failure:
    """Return one failed, skipped or waiting object; bucket and key as `guide` 2.1 writes them."""
    bucket, _, key = object_name(row.bucket, row.key).partition("/")
    return wire.Failure(
        bucket=bucket,
        key=key,
        version=safe(row.version),
        phase=row.phase,
        code=row.code,
        text=row.text,
        tries=row.tries,
        last_ns=row.last_ns,
        remedy=remedy_of(row.code, row.disposition),
        disposition=row.disposition,
        first_ns=row.first_ns,
        size_bytes=row.size_bytes,
        bundle=row.bundle_id,
        who=safe(row.who),
        why=safe(row.why),
        cursor=cursor_text(row.cursor),
    )


def prefix_bytes(prefix: str) -> bytes:
    """Return what `bucket/key` begins with, odd bytes given percent-encoded."""
    return unquote_to_bytes(prefix)


def prefix_text(prefix: bytes) -> str:
    """Return a prefix as `prefix_bytes` reads it."""
    bucket, slash, key = prefix.partition(b"/")
    name = object_name(bucket, key)
    return name if slash else name.removesuffix("/")


def cursor_text(cursor: tuple[int, bytes, bytes]) -> str:
    """Return a place in the list of failures as text."""
    number, key, version = cursor
    return f"{number}.{key.hex()}.{version.hex()}"


def cursor_of(text: str) -> tuple[int, bytes, bytes] | None:
    """Return the place that `cursor_text` wrote, None for the beginning. Raises ValueError."""
    if not text:
        return None
    number, key, version = text.split(".")
    return int(number), bytes.fromhex(key), bytes.fromhex(version)


def knobs(known: Iterable[wire.Knob], rows: Iterable[KnobRow]) -> list[wire.Knob]:
    """Return every knob, with who set those that somebody set."""
    by_name = {row.name: row for row in rows}
    found: list[wire.Knob] = []
    for knob in known:
        row = by_name.get(knob.name)
        found.append(
            knob
            if row is None
            else msgspec.structs.replace(knob, actor=safe(row.actor), set_ns=row.set_ns)
        )
    return found
