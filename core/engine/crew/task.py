"""What coordinator and worker processes say to each other: pickled, small, no object's bytes.

The coordinator's side decides everything (I3); a worker reads, hashes, builds, sends, and answers.
May import the model, the errors and the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from core import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.rows import RecordRow
    from core.model import BlockCounts, BundleKind, Cid, Page
    from core.source.chosen import SourceConfig
    from core.source.source import SeenEntry
    from core.target.shape import Row
    from core.target.sink import KuboEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What holds for a worker's whole life.

    An endpoint's keys travel in its source, over our own socket pair; nobody prints them (I9).
    """

    workspace_id: str
    source: SourceConfig
    profile: str
    cid_profile: str
    sink: Literal["dir", "kubo", "discard"]
    sink_path: str
    etag: str
    large_threshold: int
    segment_bytes: int
    archive_versions: bool
    timeout_s: float
    walks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTask:
    """Copy one bundle. seen: its entries as the walk saw them, () where the source needs none.

    known: the CIDs of all entries, where their attributes alone are to be read again; else ().
    """

    bundle: int
    epoch: int
    attempt: int
    bucket: bytes
    bucket_id: int
    owner: str
    kind: BundleKind
    size_bytes: int
    entries: list[tuple[bytes, bytes]]
    nodes: tuple[KuboEndpoint, ...]
    peers: tuple[str, ...]
    seen: Sequence[SeenEntry] = ()
    known: Sequence[Cid] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkTask:
    """Walk one bucket from after a position, and stream its pages."""

    bucket: bytes
    after: tuple[bytes, bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTask:
    """Look at some keys of a bucket, in byte order, as a walk would come upon them."""

    bucket: bytes
    keys: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End when what is at hand is done."""


class Loss(NamedTuple):
    """Something of a migrated object that the target does not show; counted by class, named."""

    key: bytes
    version: bytes
    reason: str
    detail: str


LENGTH_BYTES = 4
"""What stands before each frame between processes: its length, big-endian."""


class ObjectFault(NamedTuple):
    """An object that was not migrated: changed (try again), gone, or failed with an error."""

    key: bytes
    version: bytes
    outcome: Literal["changed", "gone", "failed"]
    code: str
    text: str

    @property
    def family(self) -> errors.Family:
        """Return who can mend it."""
        return errors.family_of(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error of ours on its way between processes."""

    kind: str
    what: str
    where: str
    remedy: str
    wait_s: float = 0.0
    node: str = ""

    @classmethod
    def of(cls, error: errors.VgwmError, *, node: str = "") -> Fault:
        """Pack an error."""
        return cls(
            kind=type(error).__name__,
            what=error.what,
            where=error.where,
            remedy=error.remedy,
            wait_s=getattr(error, "wait_s", 0.0),
            node=node or getattr(error, "node", ""),
        )

    @property
    def family(self) -> errors.Family:
        """Return who can mend it."""
        family: errors.Family = getattr(errors, self.kind, errors.Broken).family
        return family

    def error(self) -> errors.VgwmError:
        """Unpack it as the class it was."""
        kind = getattr(errors, self.kind, errors.Broken)
        if kind is errors.NodeBusy:
            return errors.NodeBusy(
                what=self.what,
                where=self.where,
                remedy=self.remedy,
                wait_s=self.wait_s,
                node=self.node,
            )
        error: errors.VgwmError = kind(
            what=self.what, where=self.where, remedy=self.remedy, node=self.node
        )
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What became of a bundle.

    root is None where no object was left to carry. rows is a pickle of `Rows`, opened only when the
    bundle is recorded: packed it takes a third of the memory while pins are waited for. worker: the
    slot, told by the executor.
    """

    bundle: int
    epoch: int
    attempt: int
    root: Cid | None = None
    counts: BlockCounts | None = None
    car_bytes: int = 0
    rows: bytes = b""
    objects: int = 0
    size_bytes: int = 0
    faults: list[ObjectFault] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    tallies: dict[str, int] = field(default_factory=dict)
    fault: Fault | None = None
    read_s: float = 0.0
    send_s: float = 0.0
    worker: int = -1


class Rows(NamedTuple):
    """Rows in the order of their SQL parameters, so that nobody touches them one by one.

    table: in the profile's column order. ledger: as `core.ledger.rows.RecordRow`.
    """

    table: list[Row]
    ledger: list[RecordRow]


class Oddity(NamedTuple):
    """Something beside a bucket's keys, such as an upload in progress. Counted, listed by name."""

    reason: str
    text: str


class WalkPage(NamedTuple):
    """A page of a walk, and whether it is the bucket's last. beside: on the last page only."""

    page: Page
    last: bool
    error: Fault | None = None
    beside: tuple[Oddity, ...] = ()


class LookPage(NamedTuple):
    """What lies at the keys of a look, all in one page. left: keys that only a walk may judge."""

    page: Page
    left: list[bytes]
    error: Fault | None = None


Message = CopyTask | WalkTask | LookTask | Stop
Answer = CopyResult | WalkPage | LookPage

__all__ = [
    "LENGTH_BYTES",
    "Answer",
    "CopyResult",
    "CopyTask",
    "Fault",
    "LookPage",
    "LookTask",
    "Loss",
    "Message",
    "ObjectFault",
    "Oddity",
    "Rows",
    "Stop",
    "WalkPage",
    "WalkTask",
    "WorkerSetup",
]
