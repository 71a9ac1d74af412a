"""What a sync is asked to do, as its job's arguments say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN = frozenset({"mode", "since_ns", "accept", "dry_run"})


class SyncMode(StrEnum):
    """When a sync ends: behind one round, once it could freeze, or when somebody ends it."""

    ONCE = "once"
    READY = "ready"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncWish:
    """since_ns: what changed since then is read again whatever its fingerprint says; 0: all.

    accept: hash of the deletes that are taken on. dry_run: look, and write nothing.
    """

    mode: SyncMode = SyncMode.READY
    since_ns: int | None = None
    accept: str = ""
    dry_run: bool = False

    @classmethod
    def of(cls, args: Mapping[str, str]) -> SyncWish:
        """Read a job's arguments. Raises BadInput."""
        unknown = sorted(set(args) - _KNOWN)
        mode, since = args.get("mode", SyncMode.READY), args.get("since_ns", "")
        if unknown or mode not in set(SyncMode) or (since and not since.isdecimal()):
            wrong = unknown[0] if unknown else "mode" if mode not in set(SyncMode) else "since_ns"
            raise BadInput(
                what=f"a sync has no argument {safe(wrong)} like this",
                where="sync",
                remedy="See vgwm sync --help.",
            )
        return cls(
            mode=SyncMode(mode),
            since_ns=int(since) if since else None,
            accept=args.get("accept", ""),
            dry_run=args.get("dry_run", "") == "1",
        )
