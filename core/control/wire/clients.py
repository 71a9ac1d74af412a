"""What `vgwm clients` answers: files for clients, what was found and changed in theirs, who calls.

Texts are safe to show; no secret stands in them (I9).
"""

from __future__ import annotations

from core.control.wire import state as wire


class ClientFile(wire.Wire, frozen=True, kw_only=True):
    """A file that is rendered. state: new, same, differs. tools: who reads it."""

    path: str
    state: str
    tools: tuple[str, ...]


class Caller(wire.Wire, frozen=True, kw_only=True):
    """A client seen in access logs. tool: by its user agent. last: as the log writes times."""

    tool: str
    agent: str
    access: str
    address: str
    requests: int
    last: str


class ClientsRendered(wire.Wire, frozen=True, kw_only=True):
    """`clients render`. state: planned, written, unchanged. diff: from the old endpoint's files.

    callers: the busiest first, at most 100; requests: all that stood in the logs.
    """

    folder: str
    state: str
    old_endpoint: str
    new_endpoint: str
    files: tuple[ClientFile, ...]
    diff: str
    backups: tuple[str, ...] = ()
    requests: int = 0
    callers: tuple[Caller, ...] = ()
    callers_total: int = 0


class ClientChange(wire.Wire, frozen=True, kw_only=True):
    """A file whose endpoint changes. diff: what is set in it, a line before and one after."""

    path: str
    tools: tuple[str, ...]
    mode: str
    diff: tuple[str, ...]


class ClientLeft(wire.Wire, frozen=True, kw_only=True):
    """A file that stays as it is, and why: unknown, or it says of endpoints what cannot be read.

    mentions: the old endpoint stands in it, so somebody has to change it by hand.
    """

    path: str
    why: str
    mentions: bool = False


class ClientsUpdate(wire.Wire, frozen=True, kw_only=True):
    """`clients update`: what would be changed, and its hash; or what was.

    left, unknown: the first 100 of each; their totals beside them. same: files that name the new
    endpoint already.
    """

    folder: str
    state: str  # planned, written, unchanged
    old_endpoint: str
    new_endpoint: str
    hash: str
    changes: tuple[ClientChange, ...] = ()
    same: int = 0
    left: tuple[ClientLeft, ...] = ()
    left_total: int = 0
    unknown: tuple[ClientLeft, ...] = ()
    unknown_total: int = 0
    backups: tuple[str, ...] = ()
