"""What is to be done with the object table as a whole, and what that comes to, with its hash. Pure.

A restore, a rebuild and the dropping of old tables are done as they were shown, or refused (I8).
May import dag's canonical JSON and the model.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.display import safe
from core.errors import BadInput
from core.model import JobKind

if TYPE_CHECKING:
    from core.target.table_sets import Beside

HASH_CHARS: Final = 8


class Act(StrEnum):
    """What can be done with the object table as a whole."""

    BACKUP = "backup"  # written to a file
    RESTORE = "restore"  # brought back from one
    REBUILD = "rebuild"  # made anew
    DROP = "drop"  # old tables go

    @property
    def kind(self) -> JobKind:
        """The kind of the job that does it."""
        return JobKind.RESTORE if self is Act.DROP else JobKind(self.value)


class Origin(StrEnum):
    """What a rebuild reads; any other word is an absolute folder of CAR files."""

    LEDGER = "ledger"
    MANIFESTS = "manifests"
    PINS = "pins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An act, and what it is for. file: of a restore. origin: of a rebuild, an Origin or a folder.

    Raises BadInput for what no act can be.
    """

    act: Act
    file: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        """Hold what each act needs."""
        if self.act is Act.RESTORE and not Path(self.file).is_absolute():
            raise _bad("a restore names one file, by its whole path", "Name the backup.")
        known = self.origin in set(Origin) or Path(self.origin).is_absolute()
        if self.act is Act.REBUILD and not known:
            raise _bad(
                f"nothing can be rebuilt from {safe(self.origin)}",
                f"Say one of {', '.join(Origin)}, or a folder of CAR files.",
            )

    @property
    def text(self) -> str:
        """What the rows come from, in words that are safe to show."""
        return safe(self.file or self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """Tables beside those in use. rows: of the object table among them."""

    tag: str
    tables: tuple[str, ...]
    rows: int

    @staticmethod
    def of(found: Beside, rows: int) -> SetFacts:
        """Return a set with its rows."""
        return SetFacts(tag=found.tag, tables=found.tables, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingFacts:
    """What an act would do, as the world stands. Its fields: `core.control.wire.keeping`.

    digest: of the file that is restored, "" for other acts. warnings are shown, and not of the
    hash.
    """

    table: str
    rows: int | None = None
    buckets: int | None = None
    present: int | None = None
    bundles: int | None = None
    sets: tuple[SetFacts, ...] = ()
    digest: str = ""
    warnings: tuple[str, ...] = ()

    def hash_of(self, wish: Wish, workspace: str) -> str:
        """Return eight hexadecimal digits that name this act upon this world."""
        told = asdict(self)
        del told["warnings"]
        text = dumps([workspace, asdict(wish), told])
        return sha256(text.encode()).hexdigest()[:HASH_CHARS]

    def difference(self, now: KeepingFacts) -> str:
        """Return what is another by now, in words."""
        before, after = asdict(self), asdict(now)
        moved = [
            f"{name} {before[name]} -> {after[name]}"
            for name in ("table", "rows", "buckets", "present", "bundles", "digest")
            if before[name] != after[name]
        ]
        if self.sets != now.sets:
            moved.append("other tables stand beside it")
        return ", ".join(moved) or "other tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a job was confirmed to do, as it is stored with it."""

    wish: Wish
    facts: KeepingFacts

    def stored(self) -> bytes:
        """Return it as a job keeps it; `parse` reads it back."""
        return dumps({"wish": asdict(self.wish), "facts": asdict(self.facts)}).encode()

    @staticmethod
    def parse(stored: bytes) -> Confirmed:
        """Return what `stored` wrote."""
        read = json.loads(stored)
        wish, facts = read["wish"], read["facts"]
        sets = tuple(
            SetFacts(tag=one["tag"], tables=tuple(one["tables"]), rows=one["rows"])
            for one in facts.pop("sets")
        )
        warnings = tuple(facts.pop("warnings"))
        return Confirmed(
            wish=Wish(act=Act(wish["act"]), file=wish["file"], origin=wish["origin"]),
            facts=KeepingFacts(sets=sets, warnings=warnings, **facts),
        )


def _bad(what: str, remedy: str) -> BadInput:
    return BadInput(what=what, where="object table", remedy=remedy)
