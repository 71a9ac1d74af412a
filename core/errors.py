"""The error tree. Each error says what, where and what to do, and owns its exit code.

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
│   ├── CapacityExhausted
│   ├── PinMoved                  the cluster allocated other peers than asked for
│   └── PinFailed                 a peer did not come to hold a pin
│       └── BlocksMissing         .. because blocks are missing on its node
├── Refused                   5   a gate, a confirmation, a foreign plan, an existing file
│   └── ForeignPlan
├── Denied                    6   credentials or permission
└── Broken                    7   integrity: a count, CID or ledger is wrong; stopped
    └── NodeRefusedBlock

No secret, no raw outside text in a message (I9): outside text goes through `display.safe`.
"""

from __future__ import annotations

from typing import ClassVar


class VgwmError(Exception):
    """Something an operator has to know: what happened, where, and what to do."""

    exit_code: ClassVar[int] = 70

    def __init__(self, *, what: str, where: str, remedy: str, node: str = "") -> None:
        super().__init__(f"{what} ({where}). {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy
        self.node = node  # the server it is about, by its name in the roster; else ""

    @property
    def code(self) -> str:
        """The error's name on the wire: its class, in lower case with underscores."""
        name = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


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


class NodeUnreachable(NoAnswer):
    """A server could not be reached, or broke off."""


class NodeBusy(NoAnswer):
    """A server asked us to wait."""

    def __init__(
        self, *, what: str, where: str, remedy: str, wait_s: float, node: str = ""
    ) -> None:
        super().__init__(what=what, where=where, remedy=remedy, node=node)
        self.wait_s = wait_s


class CapacityExhausted(NoAnswer):
    """A disk or a repository has no room left."""


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


class Denied(VgwmError):
    """Credentials or permissions do not suffice."""

    exit_code = 6


class Broken(VgwmError):
    """An invariant does not hold: a count, a CID or the ledger is wrong. The job stops."""

    exit_code = 7


class NodeRefusedBlock(Broken):
    """A node says that a block does not match its CID, or is too large: we are wrong, so stop."""
