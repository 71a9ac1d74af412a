"""The assessment as the API gives it: rows, answers, what was said and measured. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.config.units import parse_duration
from core.control.wire import checks as wire_checks
from core.display import safe, size
from core.engine.assessing.progress import AssessProgress
from core.ledger.counters import SIZE_BOUNDS
from core.ledger.rows import Saying
from core.model import ENDED, JobState
from core.preflight.rows import From
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.assessing.kept import Foretold
    from core.ledger.rows import AnswerRow, JobRow, SaidRow
    from core.preflight.rows import Row
    from core.preflight.survey import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What is known of a workspace's assessment.

    rows: that it has, in the table's order. run: the newest job of its kind. asked: rows whose
    answer is still to come. live: whether an engine runs; without one no job is at work (I7).
    """

    rows: Sequence[Row]
    answers: Sequence[AnswerRow] = ()
    said: Sequence[SaidRow] = ()
    run: JobRow | None = None
    asked: frozenset[str] = field(default_factory=frozenset)
    survey: Survey | None = None
    foretold: Foretold | None = None
    live: bool = False


def checks(known: Assessed, *, at_ns: int) -> wire_checks.Checks:
    """Return the whole assessment as it stands."""
    answers = {one.answer.check: one for one in known.answers}
    acks = {one.name: one for one in known.said if one.kind is Saying.ACK}
    notes = {one.name: one for one in known.said if one.kind is Saying.NOTE}
    shown = [
        _check(row, answers.get(row.id), acks, notes, asked=row.id in known.asked)
        for row in known.rows
    ]
    counts = Counter(one.state for one in shown)
    return wire_checks.Checks(
        at_ns=at_ns,
        run=None if known.run is None else _run(known.run, live=known.live),
        checks=shown,
        counts={verdict.value: counts[verdict] for verdict in Verdict},
        open_warnings=sum(one.state == Verdict.WARN and one.ack is None for one in shown),
        blocking=[one.id for one in shown if one.blocks],
        inventory=None if known.survey is None else inventory(known.survey),
        estimate=None if known.foretold is None else estimate(known.foretold),
    )


def inventory(survey: Survey) -> wire_checks.Inventory:
    """Return what the source holds. Its texts are safe to show already."""
    return wire_checks.Inventory(
        measured_ns=survey.ended_ns,
        complete=survey.complete,
        buckets=survey.buckets,
        objects=survey.objects,
        size_bytes=survey.size_bytes,
        versions=survey.versions,
        markers=survey.markers,
        histogram=[
            (label, objects, size_bytes)
            for label, (objects, size_bytes) in zip(_labels(), survey.histogram, strict=True)
        ],
        largest=[
            wire_checks.LargeObject(name=one.name, size_bytes=one.size_bytes)
            for one in survey.largest
        ],
        cannot_carry={one.name: one.objects for one in survey.classes if one.objects},
        clients=list(survey.owners),
    )


def estimate(foretold: Foretold) -> wire_checks.Estimate:
    """Return how long a copy will take."""
    told, trial = foretold.estimate, foretold.trial
    return wire_checks.Estimate(
        measured_ns=None if trial is None else trial.at_ns,
        low_s=told.low_s,
        high_s=told.high_s,
        unknown=safe(told.unknown),
        terms=[
            wire_checks.EstimateTerm(
                name=one.name, low_s=one.low_s, high_s=one.high_s, text=safe(one.text)
            )
            for one in told.terms
        ],
        trial_s=0.0 if trial is None else trial.took_s,
        trial_objects=0 if trial is None else trial.objects,
        trial_bytes=0 if trial is None else trial.size_bytes,
        left=safe(trial.left) if trial is not None else "",
    )


def _labels() -> list[str]:
    """Return the size classes' names, the empty ones' too: a histogram has gaps."""
    named = [f"<= {size(bound)}" if bound else "empty" for bound in SIZE_BOUNDS]
    return [*named, f"> {size(SIZE_BOUNDS[-1])}"]


def _check(
    row: Row,
    kept: AnswerRow | None,
    acks: Mapping[str, SaidRow],
    notes: Mapping[str, SaidRow],
    *,
    asked: bool,
) -> wire_checks.Check:
    manual = row.come is From.NOTE
    note = notes.get(row.id) if manual else None
    plain = wire_checks.Check(
        id=row.id,
        title=row.title,
        component=row.component,
        state=Verdict.UNKNOWN,
        evidence="not asked yet",
        remedy=_how(row),
        asked=asked,
        manual=manual,
        note=None if note is None else _note(note),
        command=f"vgwm assess --only {row.id}",
    )
    if note is not None:
        return replace(
            plain, state=Verdict.PASS, evidence=note.text, remedy="", measured_ns=note.at_ns
        )
    if kept is None:
        return plain
    answer, ack = kept.answer, acks.get(row.id)
    return replace(
        plain,
        state=answer.verdict,
        evidence=safe(answer.evidence),
        remedy=safe(answer.remedy),
        endpoint=safe(answer.endpoint),
        measured_ns=answer.at_ns,
        took_s=answer.took_s,
        ack=_ack(ack) if ack is not None and answer.verdict is Verdict.WARN else None,
        blocks=answer.verdict is Verdict.FAIL,
    )


def _how(row: Row) -> str:
    if row.come is From.NOTE:
        return f"Say it: vgwm assess --note {row.id}=TEXT."
    return "Ask it: vgwm assess."


def _ack(row: SaidRow) -> wire_checks.Ack:
    return wire_checks.Ack(actor=safe(row.who), at_ns=row.at_ns, reason=safe(row.text))


def _note(row: SaidRow) -> wire_checks.Note:
    return wire_checks.Note(actor=safe(row.who), at_ns=row.at_ns, text=safe(row.text))


def _run(job: JobRow, *, live: bool) -> wire_checks.ChecksRun:
    progress = AssessProgress.parse(job.progress)
    rests = not live and job.state not in ENDED and job.state is not JobState.QUEUED
    return wire_checks.ChecksRun(
        job=job.id,
        state=JobState.INTERRUPTED if rests else job.state,
        actor=safe(job.actor),
        began_ns=job.began_ns,
        ended_ns=job.ended_ns,
        only=[one for one in job.args.get("only", "").split(",") if one],
        rows=progress.rows,
        answered=progress.answered,
        measure_s=parse_duration(job.args["measure"]) if job.args.get("measure") else 0.0,
        text=safe(job.reason or progress.text),
    )
