"""Judgements of the source's rows, from what a walk found. Pure.

May import the model, the survey, and what makes figures readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import count, size
from core.ledger.counters import SIZE_BOUNDS
from core.model import Unrepresentable
from core.preflight.judged import FAIL, PASS, UNKNOWN, WARN, Judged, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Finding
    from core.preflight.survey import ClassCount, Survey

NO_ETAG_SHARE: Final = 0.01
"""guide.md 7: more entries without an ETag than this are a warning."""

RUN_AS: Final = "Run as the gateway's user or root, then assess again."
_SHOWN: Final = 3


def source_root(findings: Sequence[Finding], *, buckets: int, mode: str) -> Judged:
    """Judge what the source's own check found; it is asked only where there is a gateway root."""
    said = [Judged(WARN, f"{one.subject}: {one.evidence}", one.remedy) for one in findings]
    where = f"{count(buckets)} buckets, metadata: {mode}"
    if not said:
        return Judged(PASS, where)
    shown = worst(said[:_SHOWN], Judged(PASS, where))
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return Judged(WARN, f"{where}; {shown.evidence}{more}", shown.remedy)


def inventory(survey: Survey) -> Judged:
    """Judge whether the whole source was counted."""
    held = (
        f"{count(survey.buckets)} buckets, {count(survey.objects)} objects, "
        f"{size(survey.size_bytes)}, owners {len(survey.owners)}"
    )
    if survey.fault and not survey.objects:
        return Judged(UNKNOWN, f"nothing was counted: {survey.fault}", survey.remedy)
    if survey.fault:
        return Judged(WARN, f"incomplete: {held} until {survey.fault}", survey.remedy)
    most = max(range(len(survey.histogram)), key=lambda i: survey.histogram[i][0])
    largest = f", largest {size(survey.largest[0].size_bytes)}" if survey.largest else ""
    label = f", most of them {size_class(most)}" if survey.objects else ""
    if survey.unreadable.objects:
        lost = f"{count(survey.unreadable.objects)} entries could not be read"
        return Judged(WARN, f"incomplete: {held}{label}{largest}; {lost}", RUN_AS)
    return Judged(PASS, f"{held}{label}{largest}")


def size_class(number: int) -> str:
    """Return the name of a size class by its number."""
    if number == 0:
        return "empty"
    if number == len(SIZE_BOUNDS):
        return f"> {size(SIZE_BOUNDS[-1])}"
    return f"<= {size(SIZE_BOUNDS[number])}"


def reading(survey: Survey, *, attributes: bool) -> Judged:
    """Judge whether all entries can be read. attributes: False where the gateway keeps none."""
    if survey.denied:
        return Judged(FAIL, survey.fault, survey.remedy or RUN_AS)
    if survey.unreadable.objects:
        shut = f"{count(survey.unreadable.objects)} of {count(survey.objects)} entries"
        return Judged(FAIL, f"{shut} cannot be read: {_named(survey.unreadable)}", RUN_AS)
    if survey.fault:
        return Judged(UNKNOWN, f"not all entries were opened: {survey.fault}", survey.remedy)
    if survey.opened is None:
        return Judged(UNKNOWN, "a plan opens no entry", "vgwm assess --only read opens them all.")
    return _opened(survey, survey.opened, attributes=attributes)


def _opened(survey: Survey, opened: int, *, attributes: bool) -> Judged:
    if not attributes:
        return Judged(PASS, f"{count(opened)} entries opened; the gateway keeps no attributes")
    told = f"{count(opened)} entries opened, {count(survey.no_etag)} without an ETag"
    if survey.no_etag > NO_ETAG_SHARE * opened:
        remedy = "They came past the gateway: their ETag will be the configured default, or none."
        return Judged(WARN, told, remedy)
    return Judged(PASS, told)


def versions(survey: Survey, *, archive: bool) -> Judged:
    """Judge what no current object shows. archive: versions travel in the manifests."""
    if survey.fault:
        return Judged(UNKNOWN, f"not all was counted: {survey.fault}", survey.remedy)
    kept = "kept in manifests only" if archive else "lost at commit"
    told: list[Judged] = []
    if survey.versions or survey.markers:
        lost = f", {size(survey.versions_bytes)}" if survey.versions_bytes else ""
        told.append(
            Judged(
                WARN,
                f"{count(survey.versions)} noncurrent versions{lost} and {count(survey.markers)} "
                f"delete markers: {kept}",
                "Acknowledge it: S3 will show current objects only."
                if archive
                else "versions: archive keeps their bytes and history.",
            )
        )
    if survey.locked or survey.locked_buckets:
        told.append(
            Judged(
                WARN,
                f"{count(survey.locked)} objects under retention or legal hold, "
                f"{count(survey.locked_buckets)} buckets with a lock",
                "The target keeps what they say, and cannot enforce it: IPFS has no locks.",
            )
        )
    if survey.uploads:
        told.append(
            Judged(
                WARN,
                f"{count(survey.uploads)} uploads in progress, {size(survey.uploads_bytes)}",
                "Finish or abort them before the cutover: they stay behind.",
            )
        )
    if not told:
        return Judged(PASS, "no old versions, markers, locks or open uploads")
    return worst(told, told[0])


def keys(survey: Survey) -> Judged:
    """Judge whether every key can be a key of the target."""
    if survey.fault:
        return Judged(UNKNOWN, f"not all was seen: {survey.fault}", survey.remedy)
    apart = {Unrepresentable.UPLOAD_IN_PROGRESS, *_COUNTED_ELSEWHERE}
    left = [
        one
        for one in (*survey.classes, survey.long_keys)
        if one.objects and one.name not in apart and one.name not in _KEPT
    ]
    if not left:
        return Judged(PASS, "all keys are UTF-8, up to 1,024 bytes, and regular files")
    told = "; ".join(f"{count(one.objects)} {one.name}: {_named(one)}" for one in left)
    return Judged(WARN, told, "Rename them, or skip them: the report lists them by class.")


_COUNTED_ELSEWHERE: Final = frozenset(
    {
        Unrepresentable.NONCURRENT_VERSION,
        Unrepresentable.DELETE_MARKER,
        Unrepresentable.UNREACHABLE_VERSION,
        Unrepresentable.HIDDEN_PUT,
    }
)
_KEPT: Final = frozenset(
    {
        Unrepresentable.FOREIGN_XATTR,
        Unrepresentable.BUCKET_ATTR,
        Unrepresentable.CONTENT_DISPOSITION,
        Unrepresentable.WEBSITE_REDIRECT,
        Unrepresentable.OBJECT_LOCK,
        Unrepresentable.PART_LAYOUT,
        Unrepresentable.EXPIRES_UNPARSABLE,
        Unrepresentable.VALUE_NOT_UTF8,
    }
)
"""Losses of an object's attributes: the inventory lists them, the key itself is carried."""


def _named(one: ClassCount) -> str:
    shown = ", ".join(one.named[:_SHOWN])
    return shown + (", .." if one.objects > _SHOWN else "")
