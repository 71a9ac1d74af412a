"""The size classes of the ledger's counters, by name. Pure."""

from __future__ import annotations

from typing import Final

from core.ledger.counters import SIZE_BOUNDS
from core.model import GIB, KIB, MIB

_LAST: Final = len(SIZE_BOUNDS)
_UNITS: Final = ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))


def class_name(at: int) -> str:
    """Return a class's name: `empty`, `to 16 KiB`, `above 10 GiB`."""
    if at == 0:
        return "empty"
    return f"above {_text(SIZE_BOUNDS[-1])}" if at == _LAST else f"to {_text(SIZE_BOUNDS[at])}"


def _text(size_bytes: int) -> str:
    unit, name = next(unit for unit in _UNITS if size_bytes >= unit[0])
    return f"{size_bytes // unit} {name}"
