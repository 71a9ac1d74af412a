"""What is to be said of one key, once all sides were looked at: its list, and each difference.

Precedence of the lists, for a key is counted in one: missing, differ, extra, error, equal. What
nobody could look at is an error, never equal (I7). Pure; may import the target's rows and profile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.canonical import dumps, read
from core.display import safe
from core.ledger.rows import RACY
from core.model import Cid, MetaText, ObjectState
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.target.shape import Source
from core.verify.difference import OF_WORKSPACE, OTHERS, UNMARKED, Difference, Ill, Listed
from core.verify.row_mark import RowMark, parted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.target.profile import Profile
    from core.target.shape import Row
    from core.verify.ledger_row import LedgerRow
    from core.verify.sides import Look, PinSeen

_SLACK_NS: Final = 2_000_000_000
"""How far a file's clock may lie behind ours, by ticks and by whole seconds of an S3 source."""

_MOST_SHOWN: Final = 300
_NO_NAME: Final = "000000"
_ORDER: Final = (Listed.MISSING, Listed.DIFFER, Listed.EXTRA, Listed.ERROR)
_UNDER_WAY: Final = {
    ObjectState.PLANNED: "planned, its copy has not ended",
    ObjectState.DIRTY: "it changed since it was copied",
    ObjectState.FAILED: "its copy failed: vgwm errors",
}


class Case(NamedTuple):
    """All sides of one key and version. kept: the ledger's row; None: it knows of no such key.

    look: of the source now. row: of the table, None for none. pin: of the key's bundle, None where
    it was never looked at. found: what a look at its bytes found.
    """

    bucket: bytes
    key: bytes
    version: bytes
    kept: LedgerRow | None
    look: Look
    row: Row | None = None
    pin: PinSeen | None = None
    found: Sequence[Difference] = ()
    owner: str = ""


class Kind(Enum):
    """What a key counts as."""

    LISTED = "listed"
    SKIPPED = "skipped"
    GONE = "gone"
    OUT = "out"  # not of what was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of a key. listed: None unless kind is LISTED; lines: none for an equal one."""

    kind: Kind = Kind.LISTED
    listed: Listed | None = None
    lines: list[Difference] = field(default_factory=list)

    @property
    def unpinned(self) -> bool:
        """Whether a peer was seen without its pin."""
        return any(one.ill is Ill.NO_PIN for one in self.lines)

    @property
    def dirty(self) -> bool:
        """Whether the source has moved on."""
        return any(one.ill is Ill.SOURCE_MOVED for one in self.lines)


class KeyJudge:
    """Judges keys for one profile and workspace. recorded_only: what is under way is left out.

    round_ns: when the newest full round of sync began, UTC; a key that the source has got since is
    dirty, not missing. 0: there was none.
    """

    def __init__(
        self, profile: Profile, workspace_id: str, *, recorded_only: bool, round_ns: int = 0
    ) -> None:
        self._maker = RowMaker(profile, workspace_id)
        self._columns = profile.objects.columns
        self._cid_at = profile.objects.sources.index(Source.CID)
        self._meta_at = profile.objects.position(Source.METADATA)
        self._plan = workspace_id
        self._recorded_only = recorded_only
        self._new_ns = round_ns - _SLACK_NS if round_ns else None

    def judge(self, case: Case) -> Said:
        """Return what is said of a key."""
        kept = case.kept
        if kept is None:
            return self._unknown(case)
        state = ObjectState(kept[6])
        if state is ObjectState.SKIPPED:
            return Said(kind=Kind.SKIPPED) if case.row is None else self._orphan(case, "skipped")
        if state is ObjectState.RECORDED:
            return self._recorded(case, kept)
        if state in {ObjectState.GONE, ObjectState.GONE_APPLIED} and not case.look.here:
            return self._gone(case)
        return self._under_way(case, _UNDER_WAY.get(state, "it is there again"))

    def _unknown(self, case: Case) -> Said:
        """Judge a key that the ledger does not know."""
        if case.look.here and not self._recorded_only:
            if case.look.unread and case.row is not None:
                return _listed([_unread(case)])  # extra or not copied: nobody knows
            found = "" if case.row is None else "a row that no copy of ours made"
            # By mtime: a sidecar's ctime is a digest. One that came by a rename counts as missed.
            new = self._new_ns is not None and case.look.mtime_ns >= self._new_ns
            ill = Ill.SOURCE_MOVED if new and case.row is None else Ill.NOT_COPIED
            return _listed([_of(case, Listed.MISSING, ill, ("", "", found))])
        if case.row is not None:
            return self._orphan(case, "unknown to the ledger")
        return Said(kind=Kind.OUT)

    def _orphan(self, case: Case, why: str) -> Said:
        """Say that a row is there that should not be, and whose it is."""
        row = case.row
        assert row is not None  # noqa: S101 - both callers looked
        found = UNMARKED
        if self._meta_at is not None:
            whose = parted(row[self._meta_at]).mark.plan
            found = f"{OF_WORKSPACE}{safe(whose)}" if whose else OTHERS
            found = "a row of ours" if whose == self._plan else found
        return _listed([_of(case, Listed.EXTRA, Ill.ORPHAN_ROW, ("row", f"none: {why}", found))])

    def _gone(self, case: Case) -> Said:
        """Judge a key that the source has no more."""
        if case.row is None:
            return Said(kind=Kind.GONE)
        return _listed([_of(case, Listed.EXTRA, Ill.GONE_AT_SOURCE)])

    def _under_way(self, case: Case, why: str) -> Said:
        """Judge a key whose copy has not ended, or has to be made again."""
        if self._recorded_only:
            return Said(kind=Kind.OUT)
        if case.look.unread:
            return _listed([_unread(case)])
        if not case.look.here:
            return self._gone(case)
        assert case.kept is not None  # noqa: S101 - the ledger knows it
        moved = case.kept[6] == ObjectState.DIRTY
        ill = Ill.SOURCE_MOVED if moved else Ill.NOT_COPIED
        state = ObjectState(case.kept[6]).name.lower()
        return _listed([_of(case, Listed.MISSING, ill, (state, "recorded", why))])

    def _recorded(self, case: Case, kept: LedgerRow) -> Said:
        """Judge a key that the ledger says is on the target."""
        look = case.look
        if look.unread:
            return _listed([_unread(case), *_pin_lines(case), *case.found])
        if not look.here:
            return self._gone(case)
        moved = _moved(kept, look)
        if moved:
            return _listed([_of(case, Listed.MISSING, Ill.SOURCE_MOVED, moved)])
        lines = [*_pin_lines(case), *case.found]
        if not case.version and kept[8] is not None:
            lines += self._row_lines(case, kept)
        elif case.row is not None and not case.version:
            return self._orphan(case, "a delete marker stands there")
        return _listed(lines)

    def _row_lines(self, case: Case, kept: LedgerRow) -> Iterator[Difference]:
        """Yield each column in which the row is not what this copy makes."""
        row, look = case.row, case.look
        if row is None:
            yield _of(case, Listed.MISSING, Ill.NO_ROW)
            return
        wanted = self._wanted(case, kept, look)
        for at, column in enumerate(self._columns):
            if column.volatile or wanted[at] == row[at]:
                continue
            if column.source is Source.METADATA:
                yield from _members(case, str(wanted[at]), row[at])
                continue
            ill = {Source.CID: Ill.WRONG_CID, Source.SIZE: Ill.WRONG_SIZE}.get(
                column.source, Ill.WRONG_METADATA
            )
            told = (column.name, _shown(wanted[at]), _shown(row[at]))
            yield _of(case, Listed.DIFFER, ill, told)

    def _wanted(self, case: Case, kept: LedgerRow, look: Look) -> Row:
        """Return the row that this copy makes of what the source shows."""
        mark = RowMark()
        if self._meta_at is not None and case.row is not None:
            mark = parted(case.row[self._meta_at]).mark
        entry = RowEntry(
            key=case.key.decode(),
            cid_text=cids.text(Cid(kept[8] or b"")),
            size=kept[2] or 0,
            mtime_ns=kept[4] or 0,
            created_ns=look.created_ns,
            meta=look.meta or MetaText('"v":1', "", ""),
            # which member of the root it is stands in the manifest: here the row is believed
            name=mark.path or _NO_NAME,
        )
        # a bundle that nobody looked at is an error already, and its root not known here
        root = mark.root if case.pin is None else case.pin.root
        bundle = PinnedBundle(case.bucket.decode(), root, kept[7] or 0, (), case.owner)
        return self._maker.rows(bundle, [entry])[0]


def _listed(lines: list[Difference]) -> Said:
    """Return lines with the list that their key counts in."""
    lists = {one.listed for one in lines}
    return Said(listed=next((one for one in _ORDER if one in lists), Listed.EQUAL), lines=lines)


def _moved(kept: LedgerRow, look: Look) -> tuple[str, str, str] | None:
    """Return what of the source is not as it was copied: a stamp, or the attributes."""
    now = (look.size, look.ino, look.mtime_ns, look.ctime_ns)
    for name, was, seen in zip(
        ("size", "inode", "mtime_ns", "ctime_ns"), kept[2:6], now, strict=True
    ):
        if was != seen and not (name == "ctime_ns" and was == RACY):
            return (name, str(was), str(seen))
    if kept[9] is not None and look.mh != kept[9]:
        return ("metadata", f"digest {kept[9] % 2**64:016x}", f"digest {look.mh % 2**64:016x}")
    return None


def _pin_lines(case: Case) -> Iterator[Difference]:
    """Yield each allocation where the bundle's pin is not seen, or could not be looked at."""
    if case.pin is None:
        line = _of(case, Listed.ERROR, Ill.UNREAD, ("pin", "pinned", "nobody looked yet"))
        yield line
        return
    for where, found in case.pin.ills:
        yield _of(case, Listed.DIFFER, Ill.NO_PIN, ("pin", "pinned", found))._replace(where=where)
    for where, found in case.pin.unread:
        yield _of(case, Listed.ERROR, Ill.UNREAD, ("pin", "pinned", found))._replace(where=where)


def _unread(case: Case) -> Difference:
    told = ("source", "", case.look.unread)
    return _of(case, Listed.ERROR, Ill.UNREAD, told)._replace(where="source")


def _members(case: Case, wanted: str, found: object) -> Iterator[Difference]:
    """Yield the members in which two metadata texts differ; none where only their form does."""
    right: dict[str, object] = json.loads(wanted)
    try:
        told_there = read(found) if isinstance(found, str) else None
    except ValueError:
        told_there = None
    if not isinstance(told_there, dict):
        told = ("metadata", _shown(wanted), _shown(found))
        yield _of(case, Listed.DIFFER, Ill.WRONG_METADATA, told)
        return
    for name in sorted({*right, *told_there}):
        if right.get(name) != told_there.get(name):
            told = (safe(name), _json(right, name), _json(told_there, name))
            yield _of(case, Listed.DIFFER, Ill.WRONG_METADATA, told)


def _json(members: dict[str, object], name: str) -> str:
    """Return a member as it stands in the text; nothing where it is not there."""
    if name not in members:
        return ""
    value = members[name]
    return _shown(value if isinstance(value, str) else dumps(value))


def _of(
    case: Case, listed: Listed, ill: Ill, told: tuple[str, str, str] = ("", "", "")
) -> Difference:
    bundle = 0 if case.kept is None else case.kept[7] or 0
    return Difference(listed, case.bucket, case.key, case.version, ill, *told, bundle=bundle)


def _shown(value: object) -> str:
    return "" if value is None else safe(str(value))[:_MOST_SHOWN]
