"""The nouns that every room shares. Imports nothing of the project.

Keys, version ids and bucket names are bytes, CIDs binary; they become text at an edge only, through
`core.display.safe`. Times are UTC nanoseconds where they come from a source, and say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple, NewType

Cid = NewType("Cid", bytes)
"""A binary CID: 36 bytes for CIDv1 with sha2-256, 34 for CIDv0."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

NS_PER_S = 1_000_000_000


class ObjectState(IntEnum):
    """What became of one source key (`objects.st` of the ledger). I4: each is in one of these."""

    PLANNED = 0
    RECORDED = 1
    DIRTY = 2
    GONE = 3  # tombstone due
    SKIPPED = 4
    FAILED = 5
    GONE_APPLIED = 6


class BundleState(IntEnum):
    """Where a bundle is on its way (`bundles.st` of the ledger)."""

    PLANNED = 0
    COPYING = 1
    COPIED = 2
    PINNED = 3
    RECORDED = 4
    FAILED = 5


class BundleKind(IntEnum):
    """RANGE: up to `batch_size` objects of a key range. LARGE: one object, sent in segments."""

    RANGE = 0
    LARGE = 1


class JobKind(StrEnum):
    """What a job does."""

    PLAN = "plan"
    COPY = "copy"
    RETRY = "retry"  # failed objects go round again
    SKIP = "skip"  # failed objects are given up, by an operator
    UNSKIP = "unskip"
    ASSESS = "assess"  # asks everything that must be known before the move
    VERIFY = "verify"  # source, ledger, table and pins held against each other; then bytes
    CHECK = "check"  # ledger, table, pins and cache held against each other
    SYNC = "sync"  # rounds that keep up with a live source
    REPAIR = "repair"  # what a check found, mended by plan
    REBUILD = "rebuild"  # the object table made anew beside the old one
    BACKUP = "backup"  # the object table written to a file
    RESTORE = "restore"  # such a file into a new table, compared, swapped
    CUTOVER = "cutover"  # clients brought from blue to green, by states
    REHEARSE = "rehearse"  # its steps 7 to 9, then undone
    REVERSE = "reverse"  # what green accepted carried to blue
    ROLLBACK = "rollback"  # clients brought back to blue


class JobState(StrEnum):
    """A job's life. Stalled is no state but a reason with an age."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


class Unrepresentable(StrEnum):
    """What the target cannot show. The first four stay in the manifest, others are left behind."""

    NONCURRENT_VERSION = "noncurrent_version"
    DELETE_MARKER = "delete_marker"
    TIMESTAMP_RANGE = "timestamp_range"
    POSIX_OWNER_MODE = "posix_owner_mode"
    KEY_NOT_UTF8 = "key_not_utf8"
    UPLOAD_IN_PROGRESS = "upload_in_progress"
    SPECIAL_FILE = "special_file"
    NESTED_SGWTMP = "nested_sgwtmp"
    LEFTOVER_TEMP = "leftover_temp"
    FOREIGN_XATTR = "foreign_xattr"
    BUCKET_ATTR = "bucket_attr"
    UNREADABLE = "unreadable"
    SYMLINK = "symlink"
    UNREACHABLE_VERSION = "unreachable_version"
    HIDDEN_PUT = "hidden_put"
    CONTENT_DISPOSITION = "content_disposition"
    WEBSITE_REDIRECT = "website_redirect"
    OBJECT_LOCK = "object_lock"
    PART_LAYOUT = "part_layout"
    EXPIRES_UNPARSABLE = "expires_unparsable"
    VALUE_NOT_UTF8 = "value_not_utf8"


class Integrity(StrEnum):
    """What the bytes say of their stored ETag and checksum (`docs/source.md`)."""

    OK = "ok"
    STALE_ETAG = "stale-etag"
    BAD_CHECKSUM = "bad-checksum"
    NO_ATTRIBUTES = "no-attributes"
    UNVERIFIABLE = "unverifiable"


class Entry(NamedTuple):
    """One source key as the walk saw it. A plain tuple on the wire between processes.

    version: b"" for the current one, else the version id. size_bytes: None for a delete marker.
    ctime_ns: in sidecar mode a 63-bit digest of the ctimes of the file and of its `meta/`.
    """

    key: bytes
    version: bytes
    size_bytes: int | None
    ino: int
    mtime_ns: int
    ctime_ns: int


class Skip(NamedTuple):
    """A source key that the walk will not hand on, and why. Counted, and listed by name (I4)."""

    key: bytes
    version: bytes
    reason: Unrepresentable
    detail: str


class Page(NamedTuple):
    """Up to 1,000 entries of one bucket in key order, with the keys skipped among them."""

    entries: list[Entry]
    skips: list[Skip]


class MetaText(NamedTuple):
    """The canonical `metadata` JSON of an object, cut where `pin` and `vgwm` go.

    head: members sorted before "pin", without braces or a trailing comma; never empty.
    mid: members between "pin" and "vgwm", each with its leading comma; holds at least `,"v":1`.
    tail: members after "vgwm", each with its leading comma; may be empty.
    """

    head: str
    mid: str
    tail: str

    def manifest(self) -> str:
        """Return the object as the manifest keeps it: without `pin` and `vgwm`."""
        return f"{{{self.head}{self.mid}{self.tail}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A key range of one bucket, or one large object: the unit of copying, pinning and retrying."""

    id: int
    bucket_id: int
    bucket: bytes
    first: tuple[bytes, bytes]
    last: tuple[bytes, bytes]
    kind: BundleKind
    objects: int
    size_bytes: int
    state: BundleState = BundleState.PLANNED
    tries: int = 0
    root: Cid | None = None
    allocations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCounts:
    """What a bundle's CARs hold. sections counts repeats, unique_* counts each multihash once.

    unique_*: 0 where there were too many blocks to tell apart.
    """

    sections: int
    section_bytes: int
    unique_blocks: int
    unique_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer is a value of its own, with its reason and age: never None, 0 or False (I7)."""

    reason: str
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check saw. verdict `fail` blocks, `warn` is said."""

    verdict: Literal["pass", "warn", "fail", "unknown"]
    subject: str
    evidence: str
    remedy: str
