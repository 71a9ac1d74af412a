"""What an operator sees besides the facts: screen, cursor, prompt, sheet, link. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.facts.checklist import Wanted
from tui.facts.listing import Listing
from tui.facts.proven import Proven
from tui.facts.way import BY_DEFAULT, Back
from tui.linked import Link
from tui.parts import Part
from tui.review import Accounts, Conversion
from tui.screen import Name
from tui.views.line import Role

if TYPE_CHECKING:
    from core.control.wire.checks import Checks
    from core.control.wire.cluster import Cluster
    from core.control.wire.config import ConfigDiff
    from core.control.wire.cutover import Cutover
    from core.control.wire.iam import IamReport
    from core.control.wire.plan import Plan
    from core.control.wire.rollback import Rollback
    from core.control.wire.state import ErrorBody, Event, Risk, Snapshot
    from core.control.wire.verify import Proof
    from tui.acts.effects import Effect
    from tui.acts.mend import Mend
    from tui.facts.at_risk import RiskWindow, Which
    from tui.facts.listing import FailureWindow
    from tui.facts.proven import ProofWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What row 23 says, until the next key."""

    text: str
    role: Role = Role.TEXT


class Asks(StrEnum):
    """What a prompt asks for; the value stands before what is typed."""

    KNOB = "set"
    FILTER = "filter"
    REASON = "why skip:"
    TAKEOVER = "why take over:"
    LINE = ":"
    ONLY = "only"
    KIND = "list only"
    TAKE = "why take it on:"
    GATE = "why take the gate on:"
    NOTE = "answer:"
    RESTORE = "copy of blue's tree, new folder:"
    FILES = "old file [new file]:"
    VALUE = "="
    FOLDER = "folder of users.json:"
    TO = "carry over to folder:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A line being typed on row 23.

    mend: what its answer is the reason of. about: the check that it is about. recalled: which line
    of the history it shows. offers: what the last word may become. among: what Tab goes through.
    """

    typed: str = ""
    asks: Asks = Asks.KNOB
    mend: Mend | None = None
    about: str = ""
    recalled: int | None = None
    offers: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a command line wrote, over the screen until Esc.

    ended: None while it runs, empty when it ended with `code`, else why nobody waits for it.
    """

    typed: str
    lines: tuple[str, ...] = ()
    code: int = 0
    ended: str | None = None
    top: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What an act would do, shown before it is done. The focus begins on Cancel.

    painted_at_s: monotonic; None until the terminal has it. A key that came before, or within
    0.3 s after, does not count: it was meant for something else. word: what has to be typed for an
    act that is not taken back; then there is no button.
    """

    title: str
    command: str
    effects: tuple[str, ...]
    act: Effect
    on_run: bool = False
    word: str = ""
    typed: str = ""
    wrong: bool = False
    painted_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The facts that a screen is made from. now_ns: the wall clock, UTC. path: the workspace's.

    proofs: the newest first, None until they were read. proof_window: of a list of one of them.
    """

    now_ns: int
    workspace: str
    path: str = ""
    snapshot: Snapshot | None = None
    window: FailureWindow | None = None
    checks: Checks | None = None
    plan: Plan | None = None
    events: tuple[Event, ...] = ()
    config: ConfigDiff | None = None
    iam: IamReport | None = None
    proofs: tuple[Proof, ...] | None = None
    proof_window: ProofWindow | None = None
    cutover: Cutover | None = None
    rollback: Rollback | None = None
    risk_window: RiskWindow | None = None
    cluster: Cluster | None = None

    @property
    def risk(self) -> Risk | None:
        """What the way back to blue would cost; None before green has taken over."""
        return self.snapshot.risk if self.snapshot is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ui:
    """Everything that a key can change, and what the app knows of its own link and terminal.

    actor: who is at the keys, safe to show. top, room: the first row of a long list that is shown,
    and how many fit. listing: what Errors lists. checklist: what Assess lists. proven: what Verify
    shows. part: of Plan. slice: whose Cutover and Rollback are shown, "" for the first. way: back,
    that Rollback shows. names: that it lists, None for the plan.
    opened: the row under the cursor is shown at length.
    """

    actor: str = ""
    screen: Name = Name.HOME
    back: Name = Name.HOME
    link: Link = field(default_factory=Link)
    painted_bytes_s: float | None = None
    low_data: bool = False
    frozen_s: float | None = None
    unicode: bool = False
    cursor: int = 0
    top: int = 0
    room: int = 15
    listing: Listing = field(default_factory=Listing)
    checklist: Wanted = field(default_factory=Wanted)
    proven: Proven = field(default_factory=Proven)
    part: Part = Part.SIZES
    slice: str = ""
    way: Back = BY_DEFAULT
    names: Which | None = None
    conversion: Conversion = field(default_factory=Conversion)
    accounts: Accounts = field(default_factory=Accounts)
    opened: bool = False
    going: bool = False
    message: Message | None = None
    error: ErrorBody | None = None
    prompt: Prompt | None = None
    sheet: Sheet | None = None
    output: Output | None = None
    history: tuple[str, ...] = ()
    interrupted_at_s: float | None = None
