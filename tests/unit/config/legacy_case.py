"""The cases of `cases/`: an old configuration each, and by hand what has to become of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from core.config.legacy import output, reading
from core.config.legacy.context import Context, Destination
from core.config.legacy.conversion import convert
from core.config.legacy.decisions import decide
from core.config.legacy.showing import Shown
from core.config.schema import PosixSource
from core.config.yaml_text import read_mapping

if TYPE_CHECKING:
    from core.config.legacy.row import Row

FOLDER = Path(__file__).parent / "cases"
FULL = Destination(
    values=(
        ("cluster_endpoints", "http://c1:9094,http://c2:9094,http://c3:9094"),
        ("metadata_db.endpoints", "y:2136"),
        ("metadata_db.table", "versitygw_objects"),
        ("cache.endpoints", "r1:6379,r2:6379"),
    )
)


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One file. rows: `STATE NAME PLACE[=VALUE]`; reasons: part of the reason, by name or path."""

    tells: str
    old: str = ""
    old_bytes: str = ""
    old_base64: str = ""
    repeat: int = 0
    repeated: str = ""
    source: str = ""
    target: str = "full"
    pair: str = ""
    accept: list[str] = []
    drop: list[str] = []
    set: list[str] = []
    error: str = ""
    writable: bool | None = None
    rows: list[str] = []
    reasons: dict[str, str] = {}
    env: dict[str, str | None] = {}
    env_last: str = ""
    yaml: dict[str, object] = {}
    yaml_at: dict[str, object] = {}
    yaml_unknown: dict[str, str] = {}
    hidden: list[str] = []

    @property
    def raw(self) -> bytes:
        if self.old_base64:
            return base64.b64decode(self.old_base64)
        text = (self.old or self.old_bytes) + self.repeated * self.repeat
        return text.encode()

    @property
    def context(self) -> Context:
        return Context(
            decisions=decide(self.accept, self.drop, self.set),
            source=PosixSource(path=Path(self.source)) if self.source else None,
            destination=FULL if self.target == "full" else Destination(),
            pair=lambda _cert, _key: self.pair,
        )


@dataclass(frozen=True)
class Done:
    """A case that was converted."""

    rows: tuple[Row, ...]
    env: list[tuple[str, str]]
    tree: dict[str, object]
    shown: str


class Plain:
    """Marks that tell nothing, so that a test sees where they stand."""

    def of(self, _secret: object) -> str:
        return "[secret 0000]"


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Case:
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return msgspec.convert(raw, Case)


def work(case: Case) -> Done:
    legacy = reading.read(case.raw, where=case.tells)
    rows = convert(legacy, case.context)
    shown = Shown(Plain(), [one for row in rows if row.secret for one in (row.old, row.env_value)])
    texts = [*shown.old(legacy), *shown.yaml(output.yaml_text(rows)), *shown.env(rows)]
    texts += [shown.value(row.old, secret=row.secret) for row in rows]
    texts += [shown.line(row.reason) for row in rows]
    texts += [row.id for row in rows]
    return Done(
        rows=rows,
        env=output.env_pairs(rows),
        tree=read_mapping(output.yaml_text(rows), where=case.tells),
        shown="\n".join(texts),
    )


@cache
def done(name: str) -> Done:
    """Convert a case once for all tests; it is read only."""
    return work(load(name))


def line(row: Row) -> str:
    """Return a row as the cases write it."""
    value = Shown(Plain(), []).member(row.value)
    told = f"{row.place}={value}" if value and not row.secret else row.place or "-"
    return f"{row.state} {row.name or '-'} {told}"


def at(tree: dict[str, object], path: str) -> object:
    here: object = tree
    for name in path.split("."):
        assert isinstance(here, dict), path
        here = here[name]
    return here
