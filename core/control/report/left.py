"""What was not carried, by class: what becomes of it, how much of it there is. Pure.

The counts are the ledger's own: the reasons of objects that stay behind whole, and the tallies of
what migrated objects have and the target does not show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.control.wire.report import ReportLeft
from core.ledger.rows import Disposition
from core.model import Unrepresentable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_OBJECT: Final = frozenset(
    {
        Unrepresentable.KEY_NOT_UTF8,
        Unrepresentable.LEFTOVER_TEMP,
        Unrepresentable.NESTED_SGWTMP,
        Unrepresentable.SPECIAL_FILE,
        Unrepresentable.SYMLINK,
        Unrepresentable.UNREACHABLE_VERSION,
        Unrepresentable.UPLOAD_IN_PROGRESS,
    }
)
"""No request to the source's gateway reaches these (`docs/source.md`)."""

HIDDEN: Final = frozenset(
    {
        Unrepresentable.BUCKET_ATTR,
        Unrepresentable.CONTENT_DISPOSITION,
        Unrepresentable.EXPIRES_UNPARSABLE,
        Unrepresentable.OBJECT_LOCK,
        Unrepresentable.PART_LAYOUT,
        Unrepresentable.VALUE_NOT_UTF8,
        Unrepresentable.WEBSITE_REDIRECT,
    }
)
"""A client of the source sees these; the target's table has no place for them."""

KEPT: Final = frozenset(
    {
        Unrepresentable.DELETE_MARKER,
        Unrepresentable.NONCURRENT_VERSION,
        Unrepresentable.POSIX_OWNER_MODE,
        Unrepresentable.TIMESTAMP_RANGE,
    }
)
"""In the manifests, not in the table."""

HISTORY: Final = frozenset({Unrepresentable.DELETE_MARKER, Unrepresentable.NONCURRENT_VERSION})

SOURCE_SUMS: Final = "integrity:"
"""How the class of bytes that do not fit a stored sum begins: they are carried as they are."""

GIVEN_UP: Final = "given up"
FAILED: Final = "failed"
NEVER: Final = "never an object"
BEHIND: Final = "left behind"
NOT_SHOWN: Final = "not shown"
IN_MANIFEST: Final = "kept in the manifest"

_WHOLE: Final = {Disposition.WAIVED: GIVEN_UP, Disposition.FAILED: FAILED}

Tally = tuple[str, str, str]
"""disposition, phase, class."""


def left(
    tallies: Mapping[Tally, int], classes: Iterable[tuple[str, int]], *, archive: bool
) -> list[ReportLeft]:
    """Return what stays behind: objects first, then what objects have. Without names.

    tallies: failures by disposition, phase and class. classes: the ledger's tallies by class, which
    hold what the walk skipped, too. archive: whether old versions go into the manifests.
    """
    whole: dict[tuple[str, str], int] = {}
    skipped: dict[str, int] = {}
    for (disposition, _, code), n in tallies.items():
        if disposition == Disposition.REQUEUED:
            continue
        place = (fate_of(Disposition(disposition), code), code)
        whole[place] = whole.get(place, 0) + n
        if disposition == Disposition.SKIP:
            skipped[code] = skipped.get(code, 0) + n
    rows = [
        ReportLeft(why=code, whole=True, fate=fate, n=n)
        for (fate, code), n in sorted(whole.items())
        if n
    ]
    for name, n in classes:
        rest = n - skipped.get(name, 0)
        if rest > 0 and not name.startswith(SOURCE_SUMS):
            rows.append(
                ReportLeft(why=name, whole=False, fate=shown_fate(name, archive=archive), n=rest)
            )
    return rows


def fate_of(disposition: Disposition, code: str) -> str:
    """Return what became of an object that stays behind whole."""
    if disposition is Disposition.SKIP:
        return NEVER if code in NO_OBJECT else BEHIND
    return _WHOLE[disposition]


def shown_fate(name: str, *, archive: bool) -> str:
    """Return what becomes of something that an object has, or that lies beside the objects."""
    if name in KEPT:
        return IN_MANIFEST if archive or name not in HISTORY else BEHIND
    if name in HIDDEN:
        return NOT_SHOWN
    return NEVER if name in NO_OBJECT else BEHIND
