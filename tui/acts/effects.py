"""What a key asks the app to do: a value, so that it can be tested without an app."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.control.wire.cutover import CutoverPlan
    from core.control.wire.failures import ActPlan
    from core.control.wire.metadata import RepairPlan
    from tui.acts.mend import Mend
    from tui.facts.crossing import Crossing


class Verb(StrEnum):
    """What may be done to a job."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What is asked for. report: the folder of its lists. unpin: roots of pins that may go."""

    report: str
    unpin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """End the terminal app; the engine goes on."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop this process as Ctrl+Z does."""


@dataclass(frozen=True, slots=True)
class Repaint:
    """Write the whole screen again."""


@dataclass(frozen=True, slots=True)
class StartEngine:
    """Start the workspace's engine."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a job of this kind, with what it takes by name."""

    kind: str
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Take a check's warning on, or answer a manual item; the engine keeps it."""

    check: str
    text: str
    is_note: bool


@dataclass(frozen=True, slots=True)
class Steer:
    """Pause, resume or cancel a job."""

    job: int
    verb: Verb


@dataclass(frozen=True, slots=True)
class SetKnob:
    """Set one knob."""

    name: str
    value: str
    before: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Put a text where the operator can paste it."""

    text: str


@dataclass(frozen=True, slots=True)
class WriteScreen:
    """Write what is shown to the workspace's reports, as text and as a picture."""


@dataclass(frozen=True, slots=True)
class LoadList:
    """Read the screen's list anew."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """Run a command line as a child process, and show what it writes."""

    typed: str


@dataclass(frozen=True, slots=True)
class CompleteLine:
    """Complete the command line that is being typed."""

    typed: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Take the lease from whoever holds it; the reason becomes an event."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskPlan:
    """Ask the engine what retrying or skipping would do; a sheet shows the answer."""

    mend: Mend


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Retry or skip, exactly as the plan that was shown says. mend: what it is the plan of."""

    plan: ActPlan
    mend: Mend


@dataclass(frozen=True, slots=True)
class AskRepair:
    """Ask the engine what would mend a report's differences; a sheet shows the answer."""

    repair: Repair


@dataclass(frozen=True, slots=True)
class DoRepair:
    """Repair, exactly as the plan that was shown says. repair: what it is the plan of."""

    plan: RepairPlan
    repair: Repair


@dataclass(frozen=True, slots=True)
class AskCrossing:
    """Ask the engine what an act on a cutover would do; a sheet shows the answer."""

    wanted: Crossing


@dataclass(frozen=True, slots=True)
class DoCrossing:
    """Change a side, exactly as the plan that was shown says. wanted: what it is the plan of."""

    plan: CutoverPlan
    wanted: Crossing


@dataclass(frozen=True, slots=True)
class Review:
    """Read anew what is under review on the screen."""


@dataclass(frozen=True, slots=True)
class WriteReview:
    """Carry out what was reviewed: this command, as the sheet showed it."""

    words: tuple[str, ...]


Effect = (
    Leave
    | Suspend
    | Repaint
    | StartEngine
    | Begin
    | Answer
    | Steer
    | SetKnob
    | Copy
    | WriteScreen
    | LoadList
    | RunLine
    | CompleteLine
    | TakeOver
    | AskPlan
    | CarryOut
    | AskRepair
    | DoRepair
    | AskCrossing
    | DoCrossing
    | Review
    | WriteReview
)
