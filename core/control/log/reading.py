"""Reads logs back: engine.log with the files that were set aside, or a `--log-file`.

A line that broke off is skipped and said where a crash explains it: at the end of a file, and
before the line that says who writes from there on. Any other line that looks like ours and does not
read is damage, and named.
Text between the lines (what an interpreter says as it falls) is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.control.log.lines import OPENED, LogLine, parse
from core.control.log.rotation import rotated_set
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_BYTES: Final = 1 << 20
_BINARY: Final = frozenset(range(32)) - frozenset(b"\t\n\r\x1b")


@dataclass(slots=True)
class Odd:
    """What was read past: torn lines and other text, each as `FILE line N`."""

    torn: list[str] = field(default_factory=list)
    other: int = 0
    first_other: str = ""


def read_log(path: Path, odd: Odd) -> Iterator[LogLine]:
    """Yield the lines of a log, those of its rotated files first; odd hears of what is none.

    Raises BadInput for a file that is not there, is no log, or is damaged: the line is named.
    """
    files = rotated_set(path)
    if not files:
        raise BadInput(
            what="there is no such log",
            where=safe(str(path)),
            remedy="Name a --log-file, or the engine.log of a workspace.",
        )
    found = False
    for file in files:
        for line in _lines(file, odd):
            found = True
            yield line
    if not found:
        raise _none_of_ours(files[-1], 1)


def is_log(begin: bytes) -> bool:
    """Whether a file that begins so is a log: one of its lines is ours."""
    return any(_line(raw) is not None for raw in begin.split(b"\n"))


def _lines(path: Path, odd: Odd) -> Iterator[LogLine]:
    broken, whole, read = 0, True, False
    for number, raw, ended in _raw_lines(path):
        line = _line(raw)
        if line is None and not _is_broken(raw):
            if raw.strip():
                odd.other += 1
                odd.first_other = odd.first_other or f"{path.name} line {number}"
            continue
        if broken:
            if line is None or line.kind != OPENED:
                raise _damaged(path, broken) if read else _none_of_ours(path, broken)
            odd.torn.append(f"{path.name} line {broken}")
            broken = 0
        if line is None:
            broken, whole = number, ended
            continue
        read = True
        yield line
    if broken and whole:
        raise _damaged(path, broken) if read else _none_of_ours(path, broken)
    if broken:
        odd.torn.append(f"{path.name} line {broken}")


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Yield number, bytes and whether its end is there, of each line."""
    number = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(LONGEST_BYTES):
                number += 1
                if len(raw) == LONGEST_BYTES and not raw.endswith(b"\n"):
                    raise _none_of_ours(path, number)
                yield number, raw.rstrip(b"\n"), raw.endswith(b"\n")
    except OSError as error:
        raise BadInput(
            what=f"the log cannot be read: {error.strerror}",
            where=safe(str(path)),
            remedy="Name a file that this user may read.",
        ) from error


def _line(raw: bytes) -> LogLine | None:
    try:
        return parse(raw.decode())
    except ValueError:  # UnicodeDecodeError is one
        return None


def _is_broken(raw: bytes) -> bool:
    """Tell a line of ours that does not read from what others write to the same file."""
    begins = raw.startswith(b"{") or (raw.startswith(b"20") and raw[4:5] == b"-")
    return begins or not _BINARY.isdisjoint(raw)


def _damaged(path: Path, number: int) -> BadInput:
    return BadInput(
        what=f"line {number} is damaged: it does not read as a line of vgwm's log",
        where=safe(str(path)),
        remedy="Take the damaged line out, or name another file of the set.",
    )


def _none_of_ours(path: Path, number: int) -> BadInput:
    return BadInput(
        what=f"this is no log of vgwm: line {number} is none of its lines",
        where=safe(str(path)),
        remedy="Name a --log-file, or the engine.log of a workspace.",
    )
