"""What goes into the ledger and what comes out: plain rows, no SQL.

The hot paths take tuples in the order of the statement that stores them, so that no object costs a
line of Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.model import BundleKind, JobKind, JobState
    from core.verdict import Answer

RACY: Final = -1
"""The ctime of an object that was read so soon after a change that another one may hide in it.

No file has it: its attributes are looked at by the next round of sync, and by a verification.
"""

EntryRow: TypeAlias = tuple[bytes, bytes, int | None, int, int, int]
"""key, version, size (None: delete marker), ino, mtime_ns, ctime_ns: as `core.model.Entry`."""

RecordRow: TypeAlias = tuple[
    int,
    bytes | None,
    bytes | None,
    int | None,
    int,
    int,
    int,
    int | None,
    int,
    bytes,
    bytes,
]
"""st, cid, etag, size, ino, mtime_ns, ctime_ns, mh, bucket id, key, version: as it is bound."""

Position: TypeAlias = tuple[bytes, bytes]
"""A key and a version: where a walk or a range stands."""

Fact: TypeAlias = str | int | float | None

Level: TypeAlias = Literal["info", "warn", "error"]


class BucketState(IntEnum):
    """How far the plan's walk of a bucket is (`buckets.st`).

    GONE: a sync found that it is removed; REMOVED: so it is on the target.
    """

    LISTED = 0
    WALKING = 1
    DONE = 2
    GONE = 3
    REMOVED = 4

    @property
    def walked(self) -> bool:
        """Whether no plan has anything to walk there."""
        return self >= BucketState.DONE

    @property
    def there(self) -> bool:
        """Whether the source has it, as far as is known."""
        return self <= BucketState.DONE


class Disposition(StrEnum):
    """What became of a key that has a row in `failures`."""

    FAILED = "failed"
    SKIP = "skip"  # by the walk: no gateway serves it, or the target cannot hold it
    WAIVED = "waived"  # by an operator, who can undo it
    REQUEUED = "requeued"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerIdentity:
    """Whose ledger this is: fixed when it is made.

    source_dev, source_ino: of the source's root directory. profile: digest of the target profile.
    """

    workspace: str
    source_dev: int
    source_ino: int
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBundle:
    """A bundle to be stored with its members, entries in key order.

    id: from `Ledger.next_bundle_id`. first, last: positions of the outermost entries.
    """

    id: int
    first: Position
    last: Position
    kind: BundleKind
    entries: Sequence[EntryRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMark:
    """A command as it is remembered. what: the order itself, so that no id serves for two."""

    id: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event to be appended with the change that it tells of.

    text: one line for people, already safe to show. facts: figures for programs, small.
    request: the command that asked for the change; remembered in the same commit.
    """

    kind: str
    text: str
    level: Level = "info"
    actor: str = "engine"
    job: int | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    request: RequestMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A durable event. digest: the chain's value up to and with this event."""

    seq: int
    ts_ns: int
    job: int | None
    kind: str
    level: str
    actor: str
    text: str
    facts: Mapping[str, Fact]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRow:
    """A source bucket. cursor: the walk goes on strictly after it; None before its first page."""

    id: int
    name: bytes
    state: BucketState
    cursor: Position | None
    attrs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureDraft:
    """Why one object failed. text: already safe to show."""

    key: bytes
    version: bytes
    phase: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """An object that failed, was skipped, or waits after a failed try.

    who, why: of an operator's skip. size_bytes: None where it was never looked at.
    """

    bucket_id: int
    bucket: bytes
    key: bytes
    version: bytes
    phase: str
    code: str
    text: str
    tries: int
    first_ns: int
    last_ns: int
    disposition: Disposition
    bundle_id: int | None = None
    who: str = ""
    why: str = ""
    size_bytes: int | None = None

    @property
    def cursor(self) -> tuple[int, bytes, bytes]:
        """What to hand to `failures(after=...)` to go on behind this one."""
        return (self.bucket_id, self.key, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job. result: JSON of its error, empty until it failed. progress: JSON of its figures."""

    id: int
    kind: JobKind
    state: JobState
    args: Mapping[str, str]
    actor: str
    request_id: str
    made_ns: int
    began_ns: int | None
    ended_ns: int | None
    reason: str
    result: str
    progress: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """The newest answer of a row of the assessment. place: in the table of checks, from 0."""

    job: int
    place: int
    answer: Answer


class Saying(StrEnum):
    """What an operator says of an answer. ACK takes a warning on, NOTE answers a manual item."""

    ACK = "ack"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow:
    """What somebody said. name: of a check or a manual item. text: the reason, or the note."""

    kind: Saying
    name: str
    who: str
    at_ns: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobRow:
    """A knob that somebody set; knobs at their default have no row."""

    name: str
    value: str
    actor: str
    set_ns: int


def position_bytes(position: Position) -> bytes:
    """Join key and version into one value that sorts as the pair does.

    Keys of a file system hold no NUL and version ids none either, so a NUL between is unambiguous.
    """
    key, version = position
    return key + b"\0" + version


def position_of(stored: bytes) -> Position:
    """Return the key and version that `position_bytes` joined."""
    key, _, version = stored.rpartition(b"\0")
    return key, version
