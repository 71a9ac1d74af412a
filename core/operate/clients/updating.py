"""What an endpoint's move comes to in the files of a folder. Pure: files in, new contents out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.operate.clients.recognising import is_encrypted, recognise
from core.operate.clients.spot import Known, differences, moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.operate.clients.endpoint import Endpoint
    from core.operate.clients.searching import Seen

_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file that is written anew. diff: what is set in it, before and after, safe to show."""

    seen: Seen
    known: Known
    content: bytes = field(repr=False)
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A file that stays. why: safe to show. mentions: the old endpoint stands in it."""

    seen: Seen
    why: str
    mentions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Everything that a move comes to. left: of a known kind; unknown: of none."""

    old: Endpoint
    new: Endpoint
    changes: tuple[Change, ...]
    same: int
    left: tuple[Left, ...]
    unknown: tuple[Left, ...]

    @property
    def hash(self) -> str:
        """Return what is shown and confirmed: each file before and after, mode and owner."""
        state = hashlib.sha256(f"{self.old.url}\0{self.new.url}".encode())
        for change in self.changes:
            seen = change.seen
            before = hashlib.sha256(seen.content or b"").digest()
            after = hashlib.sha256(change.content).digest()
            name = f"\0{seen.path}\0{seen.mode}\0{seen.owner}\0"
            state.update(name.encode("utf-8", "surrogateescape") + before + after)
        return state.hexdigest()[:_SHOWN]


def endpoints(files: Iterable[Seen]) -> list[Endpoint]:
    """Return every endpoint that files of a known kind name, each once, in their order."""
    found: dict[Endpoint, None] = {}
    for seen in files:
        known = None if seen.content is None else recognise(_text(seen.content))
        found |= dict.fromkeys(spot.endpoint for spot in (known.spots if known else ()))
    return list(found)


def update(files: Sequence[Seen], old: Endpoint, new: Endpoint) -> Update:
    """Return what moving from `old` to `new` changes, and what somebody else has to look at."""
    changes: list[Change] = []
    left: list[Left] = []
    unknown: list[Left] = []
    same = 0
    for seen in files:
        text = "" if seen.content is None else _text(seen.content)
        known = recognise(text)
        if seen.content is None or known is None:
            unknown.append(_unknown(seen, text, old))
            continue
        after = moved(text, known.spots, old, new)
        if after != text:
            content = after.encode("utf-8", "surrogateescape")
            diff = tuple(differences(text, known.spots, old, new))
            changes.append(Change(seen=seen, known=known, content=content, diff=diff))
        names = {spot.endpoint for spot in known.spots}
        same += after == text and new in names
        why = _why_left(known, names, old, new)
        if why:
            left.append(Left(seen=seen, why=why))
    return Update(
        old=old,
        new=new,
        changes=tuple(changes),
        same=same,
        left=tuple(left),
        unknown=tuple(unknown),
    )


def _why_left(known: Known, names: set[Endpoint], old: Endpoint, new: Endpoint) -> str:
    """Say what of a file of a known kind stays as it is, "" if nothing does."""
    parts = [f"not read: {', '.join(known.odd)}"] if known.odd else []
    others = sorted(one.url for one in names - {old, new})
    if others:
        parts.append(f"it names {', '.join(map(safe, others))}")
    return "; ".join(parts)


def _unknown(seen: Seen, text: str, old: Endpoint) -> Left:
    if seen.why:
        return Left(seen=seen, why=seen.why)
    if is_encrypted(text):
        why = "it is rclone's, encrypted: rclone config changes it"
    elif "\0" in text:
        why = "it is no text"
    else:
        why = "of no known kind"
    return Left(seen=seen, why=why, mentions=old.authority in text)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
