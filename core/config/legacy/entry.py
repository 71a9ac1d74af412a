"""What stands in an old configuration: its entries in order, and what is odd about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """How an old configuration is written."""

    ENV = "env"  # systemd's EnvironmentFile, which the gateway's units read
    INI = "ini"  # the operator guide's sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One assignment. name: `VGW_PORT`, or `server.address` of an INI.

    value: unquoted, perhaps a secret, so never shown by repr. line, last_line: from 1, both within.
    fault: why the gateway never saw it as it is meant; empty if it did.
    """

    name: str
    value: str = field(repr=False)
    line: int
    last_line: int
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something that is no assignment, yet that an operator has to know.

    stray: nothing tells whose text the line is; it may be a part of a secret.
    """

    line: int
    reason: str
    stray: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """An old configuration as it was read. text: whole, its byte order mark taken off."""

    form: Form
    entries: tuple[Entry, ...]
    oddities: tuple[Oddity, ...]
    text: str = field(repr=False)
