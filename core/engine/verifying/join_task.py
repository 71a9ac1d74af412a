"""What a join and its processes say to each other: pickled, small, no object's bytes.

May import the rows of the verification, and the target's login.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from core.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.engine.crew.task import Fault
    from core.source.chosen import SourceConfig
    from core.target.open_table import TableLogin
    from core.verify.list_files import Contents
    from core.verify.part_files import Joined, Judged
    from core.verify.segments import Segment


class HeldLogin:
    """Who we are to the object table, on its way to a process of ours (I9).

    Told over a socket pair of our own, never by environment or arguments: so it may be pickled,
    which a `Secret` alone may not.
    """

    __slots__ = ("login",)

    def __init__(self, login: TableLogin) -> None:
        self.login = login

    def __repr__(self) -> str:
        return "HeldLogin(hidden)"

    def __reduce__(self) -> tuple[Callable[..., HeldLogin], tuple[object, ...]]:
        login = self.login
        password = None if login.password is None else login.password.reveal()
        token = None if login.token is None else login.token.reveal()
        return _held, (login.user, password, token, login.ca_file)


def _held(user: str, password: str | None, token: str | None, ca_file: Path | None) -> HeldLogin:
    from core.target.open_table import TableLogin  # noqa: PLC0415 - workers need no asyncio

    return HeldLogin(
        TableLogin(
            user=user,
            password=None if password is None else Secret(password),
            token=None if token is None else Secret(token),
            ca_file=ca_file,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSetup:
    """What holds for a joining process's whole life.

    ledger: its file. folder: of the verification. table: as `open_table` takes it. round_ns: when
    the newest full round of sync began, 0 without one.
    """

    ledger: str
    folder: str
    source: SourceConfig
    profile: str
    workspace_id: str
    table: str
    login: HeldLogin | None
    recorded_only: bool
    round_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTask:
    """Join a part, or look again at its odd keys."""

    deed: Literal["join", "again"]
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsTask:
    """Make the lists of these parts."""

    segments: tuple[Segment, ...]
    partial: bool


JoinMessage: TypeAlias = "PartTask | ListsTask"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTold:
    """How far a task is: so many keys more. done: it has ended with this, or with a fault."""

    keys: int = 0
    done: Joined | Judged | Contents | None = None
    fault: Fault | None = None
