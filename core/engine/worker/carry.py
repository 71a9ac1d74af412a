"""A worker's whole job: a task in, a bundle's blocks out, an answer back.

One error border stands here: an error of ours travels as data, any other is named, logged, and
stops the job. May import source, target (sinks and rows), dag, and the engine's parts.
"""

from __future__ import annotations

import logging
import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.dag import profile as profiles
from core.engine.crew.board import Step
from core.engine.crew.task import CopyResult, CopyTask, Fault, WorkerSetup
from core.engine.worker.gate import HELD_S
from core.engine.worker.gather import Gatherer
from core.engine.worker.packing import Packer
from core.engine.worker.seal import seal
from core.engine.worker.unshown import unshown
from core.errors import BadInput, VgwmError
from core.model import NS_PER_S, BundleKind
from core.source.chosen import open_source
from core.source.posix.meta import MetaWriter
from core.target import profile as target_profiles
from core.target.rows import RowMaker
from core.target.sink import BundleSink, DiscardSink
from core.target.sink_dir import DirSink
from core.target.sink_kubo import KuboSink

if TYPE_CHECKING:
    from core.engine.crew.board import Desk
    from core.engine.worker.gate import Gate
    from core.source.source import Reader

log = logging.getLogger("vgwm.worker")

RACY_NS = 2 * NS_PER_S
IDLE_S = 60.0
"""A node that takes no byte and says no word for so long has broken off."""


class Carrier:
    """Carries bundles, one at a time. Keeps one bucket open, and one connection a node."""

    def __init__(self, setup: WorkerSetup, desk: Desk, gate: Gate) -> None:
        self._setup = setup
        self._desk = desk
        self._gate = gate
        self._source = open_source(setup.source)
        self._cid_profile = profiles.by_name(setup.cid_profile)
        profile = target_profiles.load(setup.profile)
        self._profile_name = profile.name
        self._not_in_table = profile.not_in_table
        self._maker = RowMaker(profile, setup.workspace_id)
        self._sink = _sink(setup, gate)
        self._bucket: bytes | None = None
        self._reader: Reader | None = None

    def carry(self, task: CopyTask) -> CopyResult:
        """Carry a bundle. Never raises: what went wrong is in the answer."""
        try:
            return self._carry(task)
        except VgwmError as error:
            self._sink.abort()
            fault = Fault.of(error)
        except Exception as error:
            self._sink.abort()
            log.exception("bundle %d: a fault of ours", task.bundle)
            fault = Fault(
                kind="Broken",
                what=f"bundle {task.bundle}: {type(error).__name__}",
                where="worker",
                remedy="This is a fault of vgwm: report it with engine.log.",
            )
        return CopyResult(bundle=task.bundle, epoch=task.epoch, attempt=task.attempt, fault=fault)

    def close(self) -> None:
        """Let files and connections go."""
        self._sink.close()
        if self._reader is not None:
            self._reader.close()

    def _carry(self, task: CopyTask) -> CopyResult:
        sink, desk, began_ns = self._sink, self._desk, time.time_ns()
        began_s = time.monotonic()
        # to begin a large object again costs more than the place that it keeps
        self._gate.held_s = None if task.kind is BundleKind.LARGE else HELD_S
        self._gate.rest()
        sink.begin(task.bundle, f"{task.epoch}-{task.attempt}", task.nodes)
        packer, reader = Packer(sink, rest=self._gate.rest), self._reader_of(task.bucket)
        gatherer = Gatherer(
            self._cid_profile,
            self._setup.etag,
            reader,
            MetaWriter(task.owner, self._source.default_etag),
            packer,
            desk,
        )
        if task.kind is BundleKind.LARGE:
            gatherer.between = Segments(sink, packer, desk, task, self._setup.segment_bytes).after
            gatherer.ticks = False
        gatherer.gather(task)
        gatherer.tallies += unshown(gatherer.carried, self._not_in_table, reader.owner)
        read_s = time.monotonic() - began_s
        if not gatherer.carried:
            sink.abort()
            return self._answer(task, gatherer, read_s=read_s)
        sealed = seal(
            task,
            gatherer.carried,
            maker=self._maker,
            workspace_id=self._setup.workspace_id,
            profile=self._profile_name,
            emit=packer.emit,
            racy_ns=began_ns - RACY_NS,
        )
        desk.at(Step.SEND if task.nodes else Step.STORE, bundle=task.bundle)
        receipt = sink.finish(sealed.root, *packer.end_segment(), sealed.manifest)
        return self._answer(
            task,
            gatherer,
            read_s=read_s,
            send_s=time.monotonic() - began_s - read_s,
            root=sealed.root,
            counts=packer.counts(),
            car_bytes=receipt.car_bytes,
            rows=pickle.dumps(sealed.rows, protocol=pickle.HIGHEST_PROTOCOL),
        )

    def _answer(self, task: CopyTask, gatherer: Gatherer, **done: object) -> CopyResult:
        return CopyResult(
            bundle=task.bundle,
            epoch=task.epoch,
            attempt=task.attempt,
            objects=len(gatherer.carried),
            size_bytes=gatherer.size_bytes,
            faults=gatherer.faults,
            losses=gatherer.losses,
            tallies=dict(gatherer.tallies),
            **done,  # type: ignore[arg-type]
        )

    def _reader_of(self, name: bytes) -> Reader:
        # another folder put in the bucket's place, a restored backup, say, is what lies there now
        if self._reader is None or self._bucket != name or self._reader.moved():
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            self._reader = self._source.reader(name)
            self._bucket = name
        return self._reader


class Segments:
    """Ends a large object's segments as its chunks go by."""

    def __init__(
        self, sink: BundleSink, packer: Packer, desk: Desk, task: CopyTask, segment_bytes: int
    ) -> None:
        self._sink = sink
        self._packer = packer
        self._desk = desk
        self._segment_bytes = segment_bytes
        self._size = task.size_bytes
        self._next = segment_bytes
        self._told = 0
        desk.at(Step.STREAM, bundle=task.bundle, total=task.size_bytes)

    def after(self, done: int) -> None:
        """Take note of a chunk; the last segment ends with the manifest and the root."""
        self._desk.tick(done, size_bytes=done - self._told)
        self._told = done
        if self._next <= done < self._size:
            self._sink.segment(*self._packer.end_segment())
            self._next = done + self._segment_bytes


def _sink(setup: WorkerSetup, gate: Gate) -> BundleSink:
    match setup.sink:
        case "dir":
            return DirSink(Path(setup.sink_path), throttle=gate)
        case "kubo":
            return KuboSink(idle_s=min(IDLE_S, setup.timeout_s), throttle=gate)
        case "discard":
            return DiscardSink()
    raise BadInput(what="an unknown sink", where="worker", remedy="Report this.")
