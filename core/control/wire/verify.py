"""The wire types of proof: a verification's state and figures, and pages of its five lists.

A page is asked for by the place of its first row and costs what it shows, however long the list is.
Texts are safe to show. Times are UTC nanoseconds, ages are seconds.
"""

from __future__ import annotations

from core.control.wire import state as wire


class ListSize(wire.Wire, frozen=True, kw_only=True):
    """One of the five lists. objects: keys in it; each key is in one. rows: lines, some keys' two.

    name: equal, differ, missing, extra, error. sign: = * + - !.
    """

    name: str
    sign: str
    objects: int = 0
    rows: int = 0


class IllCount(wire.Wire, frozen=True, kw_only=True):
    """Rows of one kind (`Ill`) in one list. name: the list's."""

    name: str
    kind: str
    rows: int


class Stratum(wire.Wire, frozen=True, kw_only=True):
    """A part of the sample with a bound of its own.

    kind: size, bucket, worker, tries. bound95: at most this share of the part is bad, at 95 %.
    denser: more of it was read than of the whole.
    """

    kind: str
    name: str
    n: int
    bad: int
    bound95: float
    denser: bool = False


class Bytes(wire.Wire, frozen=True, kw_only=True):
    """What was read again. mode: none, sample, full; replicas: one, all. sample: wished for.

    n: objects that were read, bad: their bytes do not hash to their CID; unread: nobody could look.
    extra: read beside the sample proper. object_bytes: of the n objects, each once; 0: unknown.
    read_bytes: all that the target gave for that. bound95: at most this share is bad, at 95 %; None
    where nothing was read. done, all: bundles. whole: nothing is left to be read.
    """

    mode: str = "none"
    replicas: str = "one"
    seed: int = 0
    sample: int = 0
    n: int = 0
    bad: int = 0
    unread: int = 0
    extra: int = 0
    object_bytes: int = 0
    read_bytes: int = 0
    seconds: float = 0.0
    bound95: float | None = None
    done: int = 0
    all: int = 0
    whole: bool = False
    strata: tuple[Stratum, ...] = ()


class Proof(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/proof?job=N`: a verification, or a check of the metadata; without N the newest.

    kind: verify, check. scope: all, recorded. state: of its job. partial: it ended before its end,
    or has not ended; its lists are then short. phase: bytes, pins, join, again, lists, done.
    joined: keys so far, of `keys` that the ledger has. unpinned: objects whose bundle is not seen
    pinned on each allocation (in differ). unread: those whose pin nobody could look at (in error).
    dirty: changed at the source since they were copied (in missing). gone: at neither end any
    more. folder: of the lists, in the workspace. rate, eta_s: of the phase at work, keys a second.
    verdict_age_s: since it ended; None while it runs.
    """

    job: int
    kind: str
    scope: str
    state: str
    partial: bool
    began_ns: int
    ended_ns: int | None = None
    verdict_age_s: float | None = None
    reason: str = ""
    phase: str = ""
    joined: int = 0
    keys: int = 0
    rate: float | None = None
    eta_s: float | None = None
    buckets: tuple[str, ...] = ()  # that it was limited to
    lists: tuple[ListSize, ...] = ()
    kinds: tuple[IllCount, ...] = ()
    unpinned: int = 0
    unread: int = 0
    bundles: int = 0
    bundles_unpinned: int = 0
    dirty: int = 0
    gone: int = 0
    skipped: int = 0
    versions: int = 0
    markers: int = 0
    bytes: Bytes = Bytes()
    folder: str = ""


class Proofs(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/proofs?limit=L`: the newest first, running ones among them."""

    proofs: list[Proof]


class ViewRow(wire.Wire, frozen=True, kw_only=True):
    """A line of a list. at: its place among the rows asked for. object: as objects are written.

    kind: an `Ill`, empty in the list of the equal. field: what differs, with both values; where:
    the peer, node, file or table that it was seen at, empty for all of the target.
    """

    at: int
    object: str
    kind: str = ""
    field: str = ""
    wanted: str = ""
    found: str = ""
    where: str = ""
    bundle: int = 0


class View(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/views/LIST?at=N&limit=L&kind=K&bucket=B&job=J`: rows from the at-th on.

    name: the list's. total: rows of this kind and bucket; J: a proof's job, without
    it the newest that has lists.
    """

    job: int
    name: str
    at: int
    total: int
    rows: list[ViewRow]
    kinds: tuple[IllCount, ...] = ()
    buckets: tuple[str, ...] = ()
    partial: bool = False


class ViewQuery(wire.Wire, frozen=True, kw_only=True):
    """The query of `GET /v1/views/LIST`; see `View`."""

    name: str
    at: int = 0
    limit: int = 200
    kind: str = ""
    bucket: str = ""
    job: int | None = None
