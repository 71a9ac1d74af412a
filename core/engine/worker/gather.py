"""Reading a bundle's objects into its CAR, one after the other: the hot loop of the product.

Small objects (one chunk) are read whole, checked and framed; larger ones stream by chunks through
one buffer. What changed, vanished or could not be read leaves a fault, and no object; blocks of it
that are out already lie in the CAR unnamed. May import source, dag, and the engine's packing.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from core.dag.car import raw_head
from core.dag.cid import RAW
from core.dag.unixfs import FileBuilder
from core.display import safe
from core.engine.crew.board import Step
from core.engine.crew.task import Loss, ObjectFault
from core.engine.worker.attributes_alone import attributes_alone
from core.engine.worker.latency import SAMPLE, timed
from core.engine.worker.packing import FLUSH_BYTES
from core.model import Cid, Integrity
from core.source.posix.integrity import integrity_stream, verdict_small
from core.source.posix.large import page_buffer
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.dag.profile import CidProfile
    from core.engine.crew.board import Desk
    from core.engine.crew.task import CopyTask
    from core.engine.worker.packing import Packer
    from core.engine.worker.seal import Carried
    from core.source.posix.meta import Described, MetaWriter
    from core.source.posix.outcome import Fault
    from core.source.source import LargeBody, Reader

TICK: Final = 64
"""Objects between two notes on the board."""

_PLAIN_NODE: Final = 1


class Gatherer:
    """Collects one bundle: blocks go to the packer, facts to `carried`, failures to `faults`.

    ticks: note each few objects on the board; off where somebody notes bytes instead.
    between: called with the bytes done so far of a streamed object after each chunk; a large
    object's segments end there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of one bundle, from one caller
        self,
        profile: CidProfile,
        etag_mode: str,
        reader: Reader,
        writer: MetaWriter,
        packer: Packer,
        desk: Desk,
    ) -> None:
        self._profile = profile
        self._etag_mode = etag_mode
        self._reader = reader
        self._writer = writer
        self._packer = packer
        self._desk = desk
        self._plain = profile.raw_leaves and profile.version == _PLAIN_NODE
        self._buffer: memoryview | None = None
        self.between: Callable[[int], None] = lambda _done: None
        self.carried: list[Carried] = []
        self.faults: list[ObjectFault] = []
        self.losses: list[Loss] = []
        self.tallies: Counter[str] = Counter()
        self.size_bytes = 0
        self.ticks = True
        self._told = (0, 0)

    def gather(self, task: CopyTask) -> None:
        """Read every entry of the bundle. Raises what the sink raises."""
        if task.known:
            self.carried += attributes_alone(task, self._reader, self._writer, self._fault)
            return
        desk, limit, read = self._desk, self._profile.chunk_bytes, self._reader.read_small
        if self.ticks:
            desk.at(Step.READ, bundle=task.bundle, total=len(task.entries))
        self._reader.expect(task.entries, task.seen, limit)
        due = TICK
        for done, (key, version) in enumerate(task.entries):
            if done >= due:
                due = done + TICK
                self._tick(done)
            if done % SAMPLE:
                got = read(key, version, limit)
            else:
                began_ns = perf_counter_ns()
                got = read(key, version, limit)
                desk.read_took(perf_counter_ns() - began_ns)
            if type(got) is SmallRead:
                self._small(key, version, got)
            elif isinstance(got, Gone | Changed | Unreadable):
                self._fault(key, version, got)
            elif not isinstance(got, SmallRead):
                with got:
                    self._stream(key, version, got)
        self._packer.flush()
        if self.ticks:
            self._tick(len(task.entries))

    def _tick(self, done: int) -> None:
        objects, size_bytes = self._told
        self._told = (done, self.size_bytes)
        self._desk.tick(done, objects=done - objects, size_bytes=self.size_bytes - size_bytes)

    def _small(self, key: bytes, version: bytes, got: SmallRead) -> None:
        body, attributes, size, ino, mtime_ns, ctime_ns, uid, gid, mode, is_dir, followed = got
        told = self._writer.describe(
            attributes, size or 0, mtime_ns, is_dir=is_dir, version=version
        )
        cid: Cid | None = None
        tsize = 0
        if size is not None:
            if self._plain:
                digest = sha256(body).digest()
                cid, tsize = Cid(RAW + digest), size
                packer = self._packer
                if packer.tally.add(cid, size):
                    head = raw_head(size)
                    packer.parts += (head, digest, body)
                    packer.held += len(head) + 32 + size
                    if packer.held >= FLUSH_BYTES:
                        packer.flush()
            else:
                cid, tsize = self._built(body)
            self.size_bytes += size
            verdict = verdict_small(body, attributes, self._etag_mode)
            if verdict is not Integrity.OK:
                self.tallies[f"integrity:{verdict.value}"] += 1
        if told.losses or followed:
            self._lose(key, version, told, followed=followed)
        self.carried.append(  # a plain tuple of Carried's shape: half the cost
            (
                key,
                version,
                cid,
                tsize,
                size,
                ino,
                mtime_ns,
                ctime_ns,
                uid,
                gid,
                mode,  # type: ignore[arg-type]
                told.created_ns,
                told.meta,
                told.etag,
            )
        )

    def _built(self, body: bytes) -> tuple[Cid, int]:
        builder = FileBuilder(self._profile, self._packer.emit)
        if body:
            builder.chunk(body)
        node = builder.finish()
        return node.cid, node.tsize

    def _stream(self, key: bytes, version: bytes, got: LargeBody) -> None:
        """Carry an object of several chunks; each goes out before the next is read."""
        size = got.size_bytes
        told = self._writer.describe(got.attributes, size, got.mtime_ns, version=version)
        proof = integrity_stream(got.attributes, size, self._etag_mode)
        builder = FileBuilder(self._profile, self._packer.emit)
        done = 0
        try:
            for chunk in timed(got.chunks(self._chunk_buffer()), self._desk.read_took):
                proof.update(chunk)
                builder.chunk(chunk)  # type: ignore[arg-type]  # the packer sends a view at once
                done += len(chunk)
                self.between(done)
            if done != size or not got.unchanged():
                self._fault(key, version, Changed())
                return
        except OSError as error:
            self._fault(key, version, Unreadable(error.strerror or "unknown error"))
            return
        node = builder.finish()
        self.size_bytes += size
        verdict = proof.verdict()
        if verdict is not Integrity.OK:
            self.tallies[f"integrity:{verdict.value}"] += 1
        if told.losses or got.followed:
            self._lose(key, version, told, followed=got.followed)
        self.carried.append(  # a plain tuple of Carried's shape
            (
                key,
                version,
                node.cid,
                node.tsize,
                size,
                got.ino,
                got.mtime_ns,
                got.ctime_ns,  # type: ignore[arg-type]
                got.uid,
                got.gid,
                got.mode,
                told.created_ns,
                told.meta,
                told.etag,
            )
        )

    def _chunk_buffer(self) -> memoryview:
        if self._buffer is None:
            self._buffer = page_buffer(self._profile.chunk_bytes)
        return self._buffer

    def _lose(self, key: bytes, version: bytes, told: Described, *, followed: bool) -> None:
        if followed:  # the link's own atime moved: the one exception to I6, counted
            self.losses.append(Loss(key, version, "symlink", "followed"))
        self.losses += [
            Loss(key, version, one.reason.value, safe(one.detail)) for one in told.losses
        ]

    def _fault(self, key: bytes, version: bytes, fault: Fault) -> None:
        if isinstance(fault, Gone):
            outcome = ObjectFault(key, version, "gone", "gone", "it is no longer there")
        elif isinstance(fault, Changed):
            text = "it changed while it was read"
            outcome = ObjectFault(key, version, "changed", "source_changed", text)
        else:
            outcome = ObjectFault(key, version, "failed", "unreadable", safe(fault.why))
        self.faults.append(outcome)
