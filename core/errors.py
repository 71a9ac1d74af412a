"""The error tree. Each error says what, where and what to do; owns its exit code and its family.

The family says who can mend it, and so what the engine does by itself: `docs/errors.md`.

VgwmError                     exit
├── BadInput                  2   an option, value, file or profile; nothing was touched
│   ├── NoGatewayRoot             the source path is no VersityGW root
│   ├── SchemaMismatch            a table, ledger or profile has another shape
│   └── SecretInArgument          a secret was given on the command line
├── WrongState                3   no plan, engine down, a job is running
│   ├── NoPlan
│   └── EngineDown
├── NoAnswer                  4   nobody answered in time: no verdict
│   ├── NodeBusy
│   ├── NodeUnreachable
│   │   └── NodeSlow              it takes a request and makes no progress
│   ├── WorkHeld                  work was held so long that a bundle gave its place back
│   ├── CapacityExhausted
│   ├── PinMoved                  the cluster allocated other peers than asked for
│   └── PinFailed                 a peer did not come to hold a pin
│       └── BlocksMissing         .. because blocks are missing on its node
├── Refused                   5   a gate, a confirmation, a foreign plan, an existing file
│   ├── ForeignPlan
│   └── LeaseHeld                 another operator steers
├── Denied                    6   credentials or permission
└── Broken                    7   integrity: a count, CID or ledger is wrong; stopped
    └── NodeRefusedBlock

No secret, no raw outside text in a message (I9): outside text goes through `display.safe`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Family(StrEnum):
    """Who can mend an error, and how. Each class and each code of a failed object has one."""

    TRANSIENT = "transient"  # time mends it: tried again, with growing pauses
    THROTTLED = "throttled"  # somebody asked us to wait: as long as asked
    OBJECT = "permanent-object"  # this object will not go through as it is; the others do
    TARGET = "permanent-target"  # a setting, address or state is wrong: only a person mends it
    CORRUPT = "corrupt"  # bytes or records contradict each other: never repeated, never passed on
    AUTH = "auth"  # credentials or rights: the job waits, paused, until they are given
    CAPACITY = "capacity"  # no room: the job waits, paused, until there is some


class VgwmError(Exception):
    """Something an operator has to know: what happened, where, and what to do.

    what names the cause, remedy what to do about it.
    """

    exit_code: ClassVar[int] = 70
    family: ClassVar[Family] = Family.TARGET

    def __init__(self, *, what: str, where: str, remedy: str, node: str = "") -> None:
        super().__init__(f"{what} ({where}). {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy
        self.node = node  # the server it is about, by its name in the roster; else ""

    @property
    def code(self) -> str:
        """The error's name on the wire: its class, in lower case with underscores."""
        return code_of(type(self))


def code_of(kind: type[VgwmError]) -> str:
    """Return the name of a class of errors on the wire."""
    return "".join("_" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("_")


class BadInput(VgwmError):
    """An option, value or file is wrong; nothing was touched."""

    exit_code = 2


class NoGatewayRoot(BadInput):
    """The source path is not the root of a VersityGW posix backend."""


class SchemaMismatch(BadInput):
    """A table, ledger or profile has another shape than ours."""


class SecretInArgument(BadInput):
    """A secret was given as an argument, where the process list shows it."""


class WrongState(VgwmError):
    """The workspace is not in a state that allows this."""

    exit_code = 3


class NoPlan(WrongState):
    """A job needs a plan, and the workspace has none."""


class EngineDown(WrongState):
    """No engine answers on the workspace's socket."""


class NoAnswer(VgwmError):
    """Somebody did not answer in time: there is no verdict."""

    exit_code = 4
    family = Family.TRANSIENT


class NodeUnreachable(NoAnswer):
    """A server could not be reached, or broke off."""


class NodeSlow(NodeUnreachable):
    """A server took a request and made no progress with it for as long as we wait for that."""


class NodeBusy(NoAnswer):
    """A server asked us to wait."""

    family = Family.THROTTLED

    def __init__(
        self, *, what: str, where: str, remedy: str, wait_s: float, node: str = ""
    ) -> None:
        super().__init__(what=what, where=where, remedy=remedy, node=node)
        self.wait_s = wait_s


class WorkHeld(NoAnswer):
    """All work was held, by a pause or a window, longer than a bundle keeps its place."""


class CapacityExhausted(NoAnswer):
    """A disk or a repository has no room left."""

    family = Family.CAPACITY


class PinMoved(NoAnswer):
    """The cluster allocated a pin to other peers than asked for; it keeps to them.

    allocations: cluster peer ids. The content must be imported there, or the pin withdrawn first.
    """

    def __init__(self, *, what: str, where: str, remedy: str, allocations: tuple[str, ...]) -> None:
        super().__init__(what=what, where=where, remedy=remedy)
        self.allocations = allocations


class PinFailed(NoAnswer):
    """An allocated peer did not come to hold a pin; node: the one that its blocks should be on."""


class BlocksMissing(PinFailed):
    """Blocks of a pin are missing on an allocated node: the bundle has to be imported again."""


class Refused(VgwmError):
    """A gate, a confirmation or a foreign plan forbids this."""

    exit_code = 5


class ForeignPlan(Refused):
    """Something belongs to another workspace."""


class LeaseHeld(Refused):
    """Another operator steers; taking over needs a reason."""


class Denied(VgwmError):
    """Credentials or permissions do not suffice."""

    exit_code = 6
    family = Family.AUTH


class Broken(VgwmError):
    """An invariant does not hold: a count, a CID or the ledger is wrong. The job stops."""

    exit_code = 7
    family = Family.CORRUPT


class NodeRefusedBlock(Broken):
    """A node says that a block does not match its CID, or is too large: we are wrong, so stop."""


OBJECT_FAMILIES = {
    "source_changed": Family.TRANSIENT,
    "changed": Family.TRANSIENT,
    "io_error": Family.TRANSIENT,
    "denied": Family.AUTH,
    "bad-checksum": Family.CORRUPT,
    "bad_checksum": Family.CORRUPT,
    "stale-etag": Family.CORRUPT,
    "stale_etag": Family.CORRUPT,
}
"""Codes of failed objects that another try, a right or a restored copy can mend."""


def family_of(code: str) -> Family:
    """Return the family of a code, an error's or a failed object's; unknown ones are an object's.

    code: as `VgwmError.code` writes it, or as it stands in the list of failures.
    """
    found = OBJECT_FAMILIES.get(code)
    return found or _family_below(VgwmError, code) or Family.OBJECT


def _family_below(top: type[VgwmError], code: str) -> Family | None:
    for kind in top.__subclasses__():
        found = kind.family if code_of(kind) == code else _family_below(kind, code)
        if found is not None:
            return found
    return None
