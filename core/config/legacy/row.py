"""What becomes of one key: a row of the conversion. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.config.legacy.keys import BY_PATH, Fate

if TYPE_CHECKING:
    from core.config.legacy.values import Value

SETTABLE: Final = frozenset(
    path for path, key in BY_PATH.items() if key.fate in (Fate.CARRIED, Fate.NEW)
)
"""The paths that an operator may give another value."""


class State(StrEnum):
    """What happened to a key; the words stand on the screen."""

    SAME = "same"
    RENAMED = "renamed"
    DERIVED = "derived"
    NEW = "new"
    KEPT = "kept"
    DROPPED = "dropped"
    UNKNOWN = "unknown"
    PROBLEM = "problem"


class Act(StrEnum):
    """What an operator may decide of a row."""

    ACCEPT = "accept"
    DROP = "drop"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key, old or new, and what becomes of it. Values may be secrets, so repr hides them.

    id: what a decision names; empty if there is nothing to decide. name: in the old file, empty if
    it is new. path: in the YAML, or `source.*` of vgwm.yaml; empty if it goes nowhere. value: what
    stands there, None for nothing. env_name, env_value: its line in the env file; no line without a
    name. line: of the old file.
    """

    id: str
    state: State
    name: str = ""
    old: str = field(default="", repr=False)
    path: str = ""
    value: Value | None = field(default=None, repr=False)
    env_name: str = ""
    env_value: str = field(default="", repr=False)
    rule: str = ""
    reason: str = ""
    near: str = ""
    line: int | None = None
    last_line: int | None = None
    secret: bool = False
    warn: bool = False
    accepted: bool = False

    @property
    def acts(self) -> tuple[Act, ...]:
        """Which decisions this row can take."""
        if self.state is State.DROPPED:
            return ()
        acts = []
        blocked = self.state is State.PROBLEM or (self.secret and self.state is not State.UNKNOWN)
        doubtful = self.warn or self.state is State.UNKNOWN
        if self.id and doubtful and not (blocked or self.accepted):
            acts.append(Act.ACCEPT)
        if self.id and (self.name or self.path.startswith("backend.ipfs.")):
            acts.append(Act.DROP)
        if self.path in SETTABLE:
            acts.append(Act.EDIT)
        return tuple(acts)

    @property
    def place(self) -> str:
        """The path as people read it: a secret's ends in `_ref`."""
        return f"{self.path}_ref" if self.secret and self.path else self.path


@dataclass(slots=True, kw_only=True)
class Draft:
    """A row while it is being made: rules add to it, nothing outside of the conversion sees it."""

    id: str
    state: State
    name: str = ""
    old: str = field(default="", repr=False)
    path: str = ""
    value: Value | None = field(default=None, repr=False)
    env_name: str = ""
    env_value: str = field(default="", repr=False)
    rule: str = ""
    near: str = ""
    line: int | None = None
    last_line: int | None = None
    secret: bool = False
    accepted: bool = False
    default: bool = False  # nobody wrote it: the default stands
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def drop(self, rule: str) -> None:
        """Let it go nowhere."""
        self.state, self.rule = State.DROPPED, rule
        self.value, self.env_name = None, ""
        self.problems.clear()
        self.warnings.clear()

    def row(self) -> Row:
        """Return it as it is now."""
        return Row(
            id=self.id,
            state=State.PROBLEM if self.problems else self.state,
            name=self.name,
            old=self.old,
            path=self.path,
            value=self.value,
            env_name=self.env_name,
            env_value=self.env_value,
            rule=self.rule,
            reason="; ".join((*self.problems, *self.warnings, *self.remarks)),
            near=self.near,
            line=self.line,
            last_line=self.last_line,
            secret=self.secret,
            warn=bool(self.warnings) and not self.accepted,
            accepted=self.accepted,
        )
