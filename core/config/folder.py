"""Folders that are made for what is secret, or written by us alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from core.config.atomic import FULL
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE: Final = 0o700
"""Nobody but its owner looks into it."""


def make_private(folder: Path, *, noun: str, denied: str, other: str) -> None:
    """Make a folder of mode 0700, and those above it, unless it is there.

    noun: what it is, in the error. denied, other: the remedies where it may not be made, and where
    it cannot. Raises Denied, CapacityExhausted, BadInput.
    """
    where = safe(os.fsencode(folder))
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except PermissionError as error:
        raise Denied(what=f"{noun} cannot be made", where=where, remedy=denied) from error
    except OSError as error:
        what = f"{noun} cannot be made: {error.strerror}"
        if error.errno in FULL:
            raise CapacityExhausted(what=what, where=where, remedy="Free some space.") from error
        raise BadInput(what=what, where=where, remedy=other) from error
