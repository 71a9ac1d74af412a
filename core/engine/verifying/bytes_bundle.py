"""One bundle read again: which members it has now, which of them are wanted, and what came of it.

May import the verification and the ledger's statements.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.dag.errors import DagError
from core.display import safe
from core.engine.verifying.bytes_task import BytesResult
from core.errors import BadInput, Denied, NoAnswer, VgwmError
from core.ledger import bundle_contents
from core.model import BundleKind
from core.verify.contents import Contents, Total
from core.verify.difference import Difference, Ill, Listed
from core.verify.findings import Tally
from core.verify.judging import Fault
from core.verify.reading_dir import DirBundles
from core.verify.sampling import Home, Member, Picked, parts_of, parts_of_bundle, pick

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from core.engine.verifying.bytes_task import BytesSetup, BytesTask, NodeOf
    from core.ledger.bundle_contents import MemberRow, RecordedBundle
    from core.model import Cid
    from core.target.sink import KuboEndpoint
    from core.verify.reading_kubo import KuboBundles

WHOLE: Final = Tally("all", "", "n")
BAD: Final = Tally("all", "", "bad")
UNREAD: Final = Tally("all", "", "unread")
EXTRA: Final = Tally("all", "", "extra")
EXTRA_BAD: Final = Tally("all", "", "extra_bad")
OBJECT_BYTES: Final = Tally("all", "", "object_bytes")

_UNHEARD: Final = (NoAnswer, Denied, BadInput)
"""What a node or a disk may say instead of bytes: no verdict (I7)."""

_TRIES: Final = 3
_PAUSE_S: Final = 1.0
_DEAD_S: Final = 30.0
"""A node that did not answer is asked once only, for so long."""


class Bundles(Protocol):
    """Where bundles are read from: a directory, or one node."""

    def all(self, bundle: Contents) -> list[Fault]:
        """Hash every block of a bundle, and compare its links and its manifest."""
        ...

    def some(self, bundle: Contents, picked: Sequence[int]) -> list[Fault]:
        """Hash the blocks of the picked members alone."""
        ...

    def names(self, root: Cid) -> list[tuple[bytes, bytes]]:
        """Return (key, version) of each entry of a bundle's manifest."""
        ...

    @property
    def read_bytes(self) -> int:
        """Return what was read so far."""
        ...


class _Wanted(NamedTuple):
    """What of a bundle is to be read. picked: None for all of it. rows: None while not needed."""

    contents: Contents
    picked: list[Picked] | None
    rows: Sequence[MemberRow] | None


class BundleReader:
    """Reads bundles one after the other, over connections that it keeps."""

    def __init__(
        self, setup: BytesSetup, ledger: sqlite3.Connection, took: Callable[[int], None]
    ) -> None:
        self._draw = setup.draw
        self._ledger = ledger
        self._took = took
        self._folder = DirBundles(Path(setup.folder), took) if setup.folder else None
        self._nodes: dict[KuboEndpoint, KuboBundles] = {}
        self._silent: dict[str, float] = {}

    def read(self, task: BytesTask) -> BytesResult:
        """Read a bundle, and say what is wrong with it. Raises what the ledger says."""
        bundle = task.bundle
        before = self._read_bytes()
        wanted = self._wanted(task)
        home = _home(bundle)
        counted: Counter[Tally] = Counter()
        if not wanted.contents.n or wanted.picked == []:
            return BytesResult(bundle=bundle.id, read_bytes=self._read_bytes() - before)
        faults = self._faults(task, wanted)
        if faults:
            faults, wanted = self._still(bundle, wanted, faults)
        found = [_difference(bundle, wanted, fault) for fault in faults]
        _count(counted, home, wanted, faults)
        return BytesResult(
            bundle=bundle.id,
            found=found,
            counted=dict(counted),
            read_bytes=self._read_bytes() - before,
        )

    def close(self) -> None:
        """Let connections and the ledger go."""
        for node in self._nodes.values():
            node.close()
        self._ledger.close()

    # What is wanted

    def _wanted(self, task: BytesTask) -> _Wanted:
        bundle, large = task.bundle, task.bundle.kind is BundleKind.LARGE
        if self._draw is None and not bundle.round:
            found = bundle_contents.total(self._ledger, bundle)
            total = Total(found[0], found[1], found[2] or b"")

            def load() -> list[tuple[bytes, int]]:
                return [row[2:] for row in bundle_contents.members(self._ledger, bundle)]

            return _Wanted(Contents(bundle.root, load, large=large, total=total), None, None)
        rows = self._rows(task)
        contents = Contents(bundle.root, lambda: [row[2:] for row in rows], large=large)
        if self._draw is None:
            return _Wanted(contents, None, rows)
        picked = pick(self._draw, _home(bundle), [Member(*row) for row in rows])
        return _Wanted(contents, picked, rows)

    def _rows(self, task: BytesTask) -> list[MemberRow]:
        """Return a bundle's members; those of a later round by its manifest, if it can be read."""
        bundle = task.bundle
        if not bundle.round:
            return bundle_contents.members(self._ledger, bundle)
        for source in self._sources(task):
            try:
                names = source.names(bundle.root)
            except (DagError, KeyError, OSError, UnicodeDecodeError, VgwmError):
                continue  # what is wrong with it is said when its bytes are read
            return bundle_contents.named_members(self._ledger, bundle, names)
        return bundle_contents.members(self._ledger, bundle)

    def _still(
        self, bundle: RecordedBundle, wanted: _Wanted, faults: list[Fault]
    ) -> tuple[list[Fault], _Wanted]:
        """Return the faults of members that are still the bundle's, with their names.

        A sync may have taken them away while they were read.
        """
        if wanted.rows is None:
            rows = bundle_contents.members(self._ledger, bundle)
            now = {row[2]: row for row in rows}
            gone = (b"", b"")
            kept = (
                [now.get(cid, (*gone, cid, size)) for cid, size in wanted.contents.members]
                if [row[2:] for row in rows] != [*wanted.contents.members]
                else rows
            )
            faults = [one for one in faults if one.at < 0 or kept[one.at][2] in now]
            return faults, wanted._replace(rows=kept)
        names = [row[:2] for row in wanted.rows]
        there = {row[:3] for row in bundle_contents.named_members(self._ledger, bundle, names)}
        faults = [one for one in faults if one.at < 0 or wanted.rows[one.at][:3] in there]
        return faults, wanted

    # Where it is read

    def _faults(self, task: BytesTask, wanted: _Wanted) -> list[Fault]:
        """Read from each node, or from the first that answers."""
        if self._folder is not None:
            return _unless_unheard(lambda: self._of(self._folder, wanted), wanted, "")
        found: list[Fault] = []
        unheard: list[Fault] = []
        for node in task.nodes:
            faults = self._of_node(node, wanted)
            if faults and faults[0].ill is Ill.UNREAD:
                unheard += faults
                continue
            found += faults
            if not task.every:
                return found
        if task.every:
            return found + unheard
        return unheard[: _looked_for(wanted)]

    def _of_node(self, node: NodeOf, wanted: _Wanted) -> list[Fault]:
        if node.endpoint is None:
            why = f"no Kubo of peer {node.peer} is known"
            return _unread(wanted, why, safe(node.peer))
        name = node.endpoint.name
        source = self._node(node.endpoint)
        dead = time.monotonic() - self._silent.get(name, -_DEAD_S) < _DEAD_S
        faults: list[Fault] = []
        for left in reversed(range(1 if dead else _TRIES)):
            faults = _unless_unheard(lambda: self._of(source, wanted), wanted, name)
            if not faults or faults[0].ill is not Ill.UNREAD:
                self._silent.pop(name, None)
                return faults
            if left:
                time.sleep(_PAUSE_S)
            else:
                self._silent[name] = time.monotonic()
        return faults

    @staticmethod
    def _of(source: Bundles | None, wanted: _Wanted) -> list[Fault]:
        assert source is not None  # noqa: S101 - the caller's choice
        if wanted.picked is None:
            return source.all(wanted.contents)
        return source.some(wanted.contents, [one.at for one in wanted.picked])

    def _sources(self, task: BytesTask) -> list[Bundles]:
        if self._folder is not None:
            return [self._folder]
        return [self._node(node.endpoint) for node in task.nodes if node.endpoint is not None]

    def _node(self, endpoint: KuboEndpoint) -> KuboBundles:
        from core.verify.reading_kubo import KuboBundles  # noqa: PLC0415 - a directory needs no HTTP

        node = self._nodes.get(endpoint)
        if node is None:
            node = self._nodes[endpoint] = KuboBundles(endpoint, self._took)
        return node

    def _read_bytes(self) -> int:
        here = 0 if self._folder is None else self._folder.read_bytes
        return here + sum(node.read_bytes for node in self._nodes.values())


def _unless_unheard(read: Callable[[], list[Fault]], wanted: _Wanted, where: str) -> list[Fault]:
    try:
        return read()
    except _UNHEARD as error:
        return _unread(wanted, error.what, where)


def _unread(wanted: _Wanted, why: str, where: str) -> list[Fault]:
    """Return that nobody could look at any of the members that are wanted."""
    places = range(wanted.contents.n)
    picked = places if wanted.picked is None else [one.at for one in wanted.picked]
    return [Fault(at, Ill.UNREAD, "bytes", "", why, where) for at in picked]


def _looked_for(wanted: _Wanted) -> int:
    return wanted.contents.n if wanted.picked is None else len(wanted.picked)


def _count(counted: Counter[Tally], home: Home, wanted: _Wanted, faults: Sequence[Fault]) -> None:
    """Count objects: of the whole, and of each part; one that nobody read counts as neither."""
    unread = {one.at for one in faults if one.ill is Ill.UNREAD}
    bad = {one.at for one in faults if one.at >= 0} - unread
    if wanted.picked is None:
        n = wanted.contents.n - len(unread - bad)
        counted.update({WHOLE: n, BAD: len(bad), UNREAD: len(unread - bad)})
        counted[OBJECT_BYTES] += _size(wanted.contents, unread - bad)
        for part in parts_of_bundle(home):
            counted.update({Tally(*part, "n"): n, Tally(*part, "bad"): len(bad)})
        return
    for at, proper in wanted.picked:
        if at in unread and at not in bad:
            counted[UNREAD] += 1
            continue
        wrong = int(at in bad)
        counted[OBJECT_BYTES] += wanted.contents.members[at][1] if proper else 0
        counted[WHOLE if proper else EXTRA] += 1
        counted[BAD if proper else EXTRA_BAD] += wrong
        for part in parts_of(home, wanted.contents.members[at][1]):
            counted[Tally(*part, "n")] += 1
            counted[Tally(*part, "bad")] += wrong


def _size(contents: Contents, but: AbstractSet[int]) -> int:
    """Return the bytes of a bundle's members but some."""
    if contents.total is not None and not but:
        return contents.total.size_bytes
    return sum(size for at, (_, size) in enumerate(contents.members) if at not in but)


def _difference(bundle: RecordedBundle, wanted: _Wanted, fault: Fault) -> Difference:
    # a fault of the bundle as a whole stands at its first object: each list is of objects
    key, version = (wanted.rows or ())[max(0, fault.at)][:2]
    return Difference(
        listed=Listed.ERROR if fault.ill is Ill.UNREAD else Listed.DIFFER,
        bucket=bundle.bucket,
        key=key,
        version=version,
        ill=fault.ill,
        field=fault.field,
        wanted=fault.wanted,
        found=fault.found,
        where=fault.where,
        bundle=bundle.id,
    )


def _home(bundle: RecordedBundle) -> Home:
    return Home(bundle.bucket, bundle.bucket_id, bundle.worker, bundle.again)
