"""The map by which a load balancer sends each bucket to a side: its lines, and its file.

A line is `/BUCKET/ MODE`, `/ MODE` for what has no line of its own, or `/.vgwm/ OWNER`. The
longest prefix wins; of two equal ones the first. Contract: `cutover.md` 5.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.atomic import write_text
from core.cutover.mode import Mode
from core.display import safe
from core.errors import BadInput, Denied, ForeignPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OWNER_PATH: Final = "/.vgwm/"
DEFAULT_PATH: Final = "/"

_MOST_BYTES: Final = 4 << 20


class Entry(NamedTuple):
    """One line of a map: a path's beginning and what stands beside it."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class RouteMap:
    """The lines of a map in their order, without comments."""

    entries: tuple[Entry, ...]

    @property
    def owner(self) -> str:
        """Return whose map this is, "" for nobody's."""
        return next((one.value for one in self.entries if one.path == OWNER_PATH), "")

    @property
    def routes(self) -> tuple[tuple[str, Mode | None], ...]:
        """Return each bucket with its mode, `/` for all others; None for a word that is none."""
        return tuple(
            (one.path.strip("/") or DEFAULT_PATH, _mode(one.value))
            for one in self.entries
            if one.path != OWNER_PATH
        )

    def modes_of(self, buckets: Sequence[str]) -> tuple[tuple[str, Mode | None], ...]:
        """Return what each bucket's requests meet; None where nobody answers them."""
        lines = self._first()
        return tuple((bucket, _found(lines, f"/{bucket}/")) for bucket in buckets)

    def agrees(self, other: RouteMap) -> bool:
        """Tell whether every request meets the same by both, whoever owns them."""
        ours, theirs = self._first(), other._first()
        paths = (ours.keys() | theirs.keys()) - {OWNER_PATH}
        return all(_found(ours, path) is _found(theirs, path) for path in paths)

    def _first(self) -> dict[str, str]:
        return {one.path: one.value for one in reversed(self.entries)}

    @property
    def wrong(self) -> list[str]:
        """Return what of it cannot stand, safe to show."""
        found = [
            f"{safe(path)} {safe(value)[:40]} is no line of ours"
            for path, value in self.entries
            if path != OWNER_PATH and (_mode(value) is None or not path.startswith("/"))
        ]
        paths = [one.path for one in self.entries]
        return found + [f"{safe(path)} stands there twice" for path in _twice(paths)]


def parse(text: str) -> RouteMap:
    """Read a map as HAProxy does: blank lines and lines of `#` say nothing."""
    lines = (line.strip() for line in text.splitlines())
    words = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return RouteMap(tuple(Entry(part[0], part[1] if part[1:] else "") for part in words))


def changed(text: str, buckets: Sequence[str], mode: Mode, owner: str) -> str:
    """Return a map's text with buckets at a mode and its owner's line; comments stay.

    buckets: empty for everything, which is every line that there is, and `/`.
    """
    wanted = {f"/{bucket}/" for bucket in buckets}
    lines, seen = [], set()
    for line in text.splitlines():
        path = line.split(maxsplit=1)[0] if line.strip() else "#"
        if path == OWNER_PATH:
            lines.append(f"{path} {owner}")
        elif not path.startswith("#") and (path in wanted or not wanted):
            lines.append(f"{path} {mode}")
        else:
            lines.append(line)
        seen.add(path)
    missing = sorted((wanted or {DEFAULT_PATH}) - seen)
    lines += [f"{path} {mode}" for path in missing]
    if OWNER_PATH not in seen:
        lines.append(f"{OWNER_PATH} {owner}")
    return "\n".join(lines) + "\n"


class MapFile:
    """The file that a load balancer reads when it starts; always replaced whole."""

    def __init__(self, path: Path, workspace_id: str) -> None:
        self.path = path
        self._id = workspace_id

    def read(self) -> str:
        """Return its text. Raises BadInput, Denied."""
        where = safe(os.fsencode(self.path))
        try:
            with self.path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1).decode("utf-8")
        except PermissionError as error:
            remedy = "Let this user read and replace it: it needs its folder, too."
            raise Denied(what="the map may not be read", where=where, remedy=remedy) from error
        except (OSError, UnicodeError) as error:
            remedy = "Name the file that its configuration reads: traffic.haproxy.map."
            what = f"the map cannot be read: {_reason(error)}"
            raise BadInput(what=what, where=where, remedy=remedy) from error
        if len(content) > _MOST_BYTES:
            remedy = "Take the lines of buckets that go with `/` out of it."
            raise BadInput(what="the map has more than 4 MiB", where=where, remedy=remedy)
        return content

    def owned(self, run: str) -> str:
        """Return what its owner's line says while a run of this workspace works on it."""
        return f"{self._id}.{run}"

    def check_owner(self, found: RouteMap) -> None:
        """Raise ForeignPlan for another workspace's map."""
        if found.owner and found.owner.partition(".")[0] != self._id:
            raise ForeignPlan(
                what=f"the map belongs to another workspace: {safe(found.owner)[:60]}",
                where=safe(os.fsencode(self.path)),
                remedy=f"End that one's cutover first; then take the line {OWNER_PATH} out.",
            )

    def write(self, text: str) -> None:
        """Replace it durably, with the mode and the owner that it has. Raises what atomic does."""
        real = self.path.resolve()
        try:
            kept = real.stat()
        except OSError as error:
            remedy = "Name the file that its configuration reads: traffic.haproxy.map."
            what = f"the map cannot be replaced: {_reason(error)}"
            raise BadInput(what=what, where=safe(os.fsencode(real)), remedy=remedy) from error
        owner = (kept.st_uid, kept.st_gid)
        write_text(real, text, mode=stat.S_IMODE(kept.st_mode), owner=owner)

    @property
    def unwritable(self) -> str:
        """Return why it cannot be replaced, "" if it can."""
        folder = self.path.resolve().parent
        if os.access(folder, os.W_OK | os.X_OK):
            return ""
        return f"the folder of the map may not be written: {safe(os.fsencode(folder))}"


def _mode(word: str) -> Mode | None:
    return Mode(word) if word in set(Mode) else None


def _found(lines: Mapping[str, str], asked: str) -> Mode | None:
    """Return the mode of the longest line that a path begins with."""
    ends = (end for end in range(len(asked), 0, -1) if asked[:end] in lines)
    end = next(ends, 0)
    return _mode(lines[asked[:end]]) if end else None


def _reason(error: OSError | UnicodeError) -> str:
    return (error.strerror or "no answer") if isinstance(error, OSError) else "it is no UTF-8 text"


def _twice(paths: list[str]) -> list[str]:
    return sorted(path for path, count in Counter(paths).items() if count > 1)
