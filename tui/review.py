"""What an operator has under review: a configuration's conversion, an account file. Values only."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import StrEnum


class Pane(StrEnum):
    """The parts of the Config screen; the value is what its head says."""

    KEYS = "keys"
    YAML = "yaml"
    ENV = "env"
    TRIP = "round trip"


class Books(StrEnum):
    """The parts of the IAM screen."""

    ACCOUNTS = "accounts"
    FINDINGS = "findings"


_KEYS = {"--accept": "A", "--drop": "X", "--set": "E"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A conversion under review. files: OLD, or OLD and NEW.

    decisions: options of `vgwm config diff` and `convert`, one argument an entry, in pairs:
    `--accept KEY`, `--drop KEY`, `--set PATH=VALUE`.
    """

    files: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    pane: Pane = Pane.KEYS

    @property
    def words(self) -> list[str]:
        """The command that shows it."""
        return ["config", "diff", *self.files, *self.decisions]

    def decision(self, key: str, path: str) -> str:
        """Return the key that made the decision about a row: A, X or E; empty if there is none."""
        pairs = zip(self.decisions[::2], self.decisions[1::2], strict=True)
        made = {value.partition("=")[0]: _KEYS[option] for option, value in pairs}
        return made.get(key, made.get(path, ""))

    def decided(self, option: str, value: str) -> Conversion:
        """Return it with a decision made; one that is there already is taken back."""
        pairs = zip(self.decisions[::2], self.decisions[1::2], strict=True)
        is_there = (option, value) in pairs
        others = self.without(value.partition("=")[0])
        if is_there:
            return others
        return replace(others, decisions=(*others.decisions, option, value))

    def without(self, about: str) -> Conversion:
        """Return it without the decision about a key or a path."""
        pairs = zip(self.decisions[::2], self.decisions[1::2], strict=True)
        left = [pair for pair in pairs if pair[1].partition("=")[0] != about]
        return replace(self, decisions=tuple(word for pair in left for word in pair))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Accounts under review. source: a folder or a file. target: where they are to be carried."""

    source: str = ""
    target: str = ""
    pane: Books = Books.ACCOUNTS

    @property
    def words(self) -> list[str]:
        """The command that shows them: what would be carried, else what an audit finds."""
        if self.target:
            return ["iam", "convert", self.source, "--to", self.target, "--dry-run"]
        return ["iam", "audit", self.source]


def line(words: list[str]) -> str:
    """Return a command as it can be pasted."""
    return shlex.join(["vgwm", *words])
