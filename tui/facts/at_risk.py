"""The lists of the Rollback screen as values: what is at risk, by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from core.control.wire.rollback import RiskName
    from tui.facts.window import Window


class Which(StrEnum):
    """What is listed; the value is the API's word for it."""

    AT_RISK = "at-risk"
    CANNOT_CARRY = "cannot-carry"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskList:
    """A list that can be asked for. slice: whose, "" for all."""

    which: Which
    slice: str = ""


RiskWindow: TypeAlias = "Window[RiskList, RiskName]"
