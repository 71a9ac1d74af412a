"""What is found out about accounts, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """FAIL stops a conversion. HIGH is a risk that an audit names. WARN is to be known."""

    FAIL = "fail"
    HIGH = "high"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about an account, or about the store if access is empty. All texts safe to show.

    rule: its name, such as `empty-secret`.
    """

    level: Level
    rule: str
    access: str
    evidence: str
    remedy: str
