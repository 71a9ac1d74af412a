"""What a bundle's answer means for the ledger: recorded, tried again, gone, failed. Pure.

An object's failure is data, a row; only a broken invariant stops the job. May import the model, the
ledger's rows and the tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.ledger.rows import EntryRow, FailureDraft, NewBundle, Position, RecordRow
from core.model import Bundle, BundleKind, ObjectState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.crew.task import CopyResult, ObjectFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is stored when a bundle ends.

    rows: of all members but those in again. failures: why members failed or go round again.
    """

    rows: list[RecordRow]
    failures: list[FailureDraft]
    again: list[EntryRow]


def outcome_of(
    bundle: Bundle,
    result: CopyResult,
    recorded: Sequence[RecordRow],
    members: Mapping[Position, EntryRow],
    *,
    retry_attempts: int,
) -> Outcome:
    """Decide about every member that was not carried.

    members: by position, at least those that `result.faults` names.
    """
    rows, again, failures = list(recorded), [], []
    for fault in result.faults:
        member = members[fault.key, fault.version]
        if fault.outcome == "changed" and bundle.tries < retry_attempts:
            again.append(member)
            failures.append(_draft(fault))
        elif fault.outcome == "gone":
            rows.append(_end(ObjectState.GONE_APPLIED, bundle, member))
        else:
            rows.append(_end(ObjectState.FAILED, bundle, member))
            failures.append(_draft(fault))
    return Outcome(rows=rows, failures=failures, again=again)


def without_refused(outcome: Outcome, refused: Mapping[bytes, str]) -> Outcome:
    """Return an outcome in which objects that the table cannot hold have failed, each by name.

    refused: the reason by key; only current objects have rows in the table.
    """
    if not refused:
        return outcome
    rows: list[RecordRow] = []
    failures = list(outcome.failures)
    for row in outcome.rows:
        key, version = row[9], row[10]
        if key in refused and not version:
            rows.append((int(ObjectState.FAILED), None, None, *row[3:7], None, *row[8:]))
            failures.append(
                FailureDraft(
                    key=key, version=version, phase="record", code="row_refused", text=refused[key]
                )
            )
        else:
            rows.append(row)
    return Outcome(rows=rows, failures=failures, again=outcome.again)


def again_bundle(new_id: int, entries: Sequence[EntryRow], kind: BundleKind) -> NewBundle:
    """Return the bundle in which changed objects go round again. entries: not empty."""
    ordered = sorted(entries)
    return NewBundle(
        id=new_id, first=ordered[0][:2], last=ordered[-1][:2], kind=kind, entries=ordered
    )


def _draft(fault: ObjectFault) -> FailureDraft:
    return FailureDraft(
        key=fault.key, version=fault.version, phase="copy", code=fault.code, text=fault.text
    )


def _end(state: ObjectState, bundle: Bundle, member: EntryRow) -> RecordRow:
    key, version, size, ino, mtime_ns, ctime_ns = member
    bid = bundle.bucket_id
    return (int(state), None, None, size, ino, mtime_ns, ctime_ns, None, bid, key, version)
