"""The differences that a report's lists tell, one after the other; the list of the equal is left.

May import its own room. Memory: a line.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from core.display import safe
from core.errors import BadInput, WrongState
from core.verify.difference import APART, Difference, Ill, Listed
from core.verify.lines import difference_of, read_line
from core.verify.list_files import contents_path, list_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OF_ROWS: Final = frozenset(
    {
        Ill.NO_ROW,
        Ill.WRONG_CID,
        Ill.WRONG_SIZE,
        Ill.WRONG_METADATA,
        Ill.ORPHAN_ROW,
        Ill.STALE_CACHE,
    }
)
"""What is told of rows: a line about one whose name no row can have is none of ours."""

READ: Final = (Listed.MISSING, Listed.DIFFER, Listed.EXTRA, Listed.ERROR)


def differences(folder: Path) -> Iterator[Difference]:
    """Yield every difference of a report, list by list, in the order of each.

    Raises WrongState where the report has no lists yet, BadInput for a line that is none of ours.
    """
    if not contents_path(folder).exists():
        raise WrongState(
            what="there are no lists yet",
            where=safe(os.fsencode(folder)),
            remedy="They are made when a check or a verification ends: vgwm metadata check.",
        )
    for listed in READ:
        path = list_path(folder, listed)
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    yield _difference(line, listed, path, number)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadInput(
                what=f"a list cannot be read: {error.strerror}",
                where=safe(os.fsencode(path)),
                remedy="Check again: vgwm metadata check.",
            ) from error


def _difference(line: bytes, listed: Listed, path: Path, number: int) -> Difference:
    try:
        one = difference_of(read_line(line), listed)
        # the table's names are text; a cached key that names no row may be anything
        if one.ill in OF_ROWS and not (one.ill is Ill.STALE_CACHE and one.bucket == APART):
            one.bucket.decode()
            one.key.decode()
    except (BadInput, ValueError, msgspec.DecodeError) as error:
        raise BadInput(
            what=f"line {number} is no line of a list",
            where=safe(os.fsencode(path)),
            remedy="Name a folder that a check or a verification of this workspace has made.",
        ) from error
    return one
