"""What a look at bytes and its worker processes say to each other: pickled, small, no bytes.

May import the rows of the ledger, and those of the verification.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from core.engine.crew.task import Fault
    from core.ledger.bundle_contents import RecordedBundle
    from core.target.sink import KuboEndpoint
    from core.verify.difference import Difference
    from core.verify.findings import Tally
    from core.verify.sampling import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesSetup:
    """What holds for a reader's whole life. No secret stands in it (I9).

    ledger: the file, read only. folder: of a `dir:` target, "" for nodes. draw: None to read all.
    """

    ledger: str
    folder: str
    draw: Draw | None


class NodeOf(NamedTuple):
    """A node that a bundle is read from: the cluster peer, and its Kubo; None if none is known."""

    peer: str
    endpoint: KuboEndpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesTask:
    """Read one bundle. nodes: those to be read from; every: each of them, else the first that can.

    nodes is empty for a directory.
    """

    bundle: RecordedBundle
    nodes: tuple[NodeOf, ...] = ()
    every: bool = False


class BytesRule(NamedTuple):
    """What holds from now on: whether all is held, and the bytes a second of all; 0: no limit."""

    hold: bool
    bytes_s: int


BytesMessage: TypeAlias = "BytesTask | BytesRule"


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesResult:
    """What a bundle's bytes came to. fault: why the look has to stop, such as a broken ledger."""

    bundle: int
    found: list[Difference] = field(default_factory=list)
    counted: dict[Tally, int] = field(default_factory=dict)
    read_bytes: int = 0
    fault: Fault | None = None
