"""The ledger against a dictionary: whatever is done, in any order, every key is accounted for."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.errors import Broken, WrongState
from core.ledger.rows import EntryRow, EventDraft, FailureDraft, NewBundle
from core.model import BundleKind, BundleState, ObjectState, Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import Coroutine

pytestmark = pytest.mark.timeout(600)  # seconds to pass; finding the smallest failure takes longer

T = TypeVar("T")
Key = tuple[int, bytes, bytes]
SIZES = st.none() | st.sampled_from([0, 1, 1_024, 1_025, 5_000_000]) | st.integers(0, 1 << 40)
OUTCOMES = st.sampled_from(["recorded", "recorded", "resized", "failed", "gone", "changed"])
MOVABLE = (BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED)
ROUND = 7
"""The job whose retries these are."""


@dataclass(slots=True)
class Thing:
    """An object as the model knows it. bundle is None for keys that the walk skipped."""

    state: ObjectState
    size: int | None
    bundle: int | None


@dataclass(slots=True)
class Bunch:
    """A bundle as the model knows it."""

    bucket: int
    kind: BundleKind
    state: BundleState = BundleState.PLANNED
    tries: int = 0


@dataclass(slots=True)
class World:
    """All that the ledger should hold."""

    things: dict[Key, Thing] = field(default_factory=dict)
    bunches: dict[int, Bunch] = field(default_factory=dict)
    walked: dict[int, int] = field(default_factory=dict)
    requeued: int = 0
    events: int = 0

    def members(self, number: int) -> list[Key]:
        """Return the keys of a bundle without an end state, in order."""
        return sorted(
            key
            for key, thing in self.things.items()
            if thing.bundle == number and thing.state is ObjectState.PLANNED
        )

    def count(self, *states: ObjectState, bucket: int = 0) -> tuple[int, int]:
        """Return objects and bytes in these states."""
        found = [
            thing
            for (place, _, _), thing in self.things.items()
            if thing.state in states and bucket in (0, place)
        ]
        return len(found), sum(thing.size or 0 for thing in found)


class LedgerModel(RuleBasedStateMachine):
    """Plan, copy, record, requeue, fail, retry, skip, restart, and wrong calls, at random."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.path = Path(tempfile.mkdtemp(prefix="ledger-model-"))
        self.world = World()
        self.waived: set[Key] = set()
        self.ledger = self.do(scene.opened(self.path))

    def do(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)

    def event(self) -> EventDraft:
        self.world.events += 1
        return EventDraft(kind="model", text=f"event {self.world.events}")

    @initialize(
        names=st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=2, unique=True)
    )
    def buckets(self, names: list[bytes]) -> None:
        for number in self.do(self.ledger.add_buckets([(name, "{}") for name in names])):
            self.world.walked[number] = 0

    @rule(
        data=st.data(),
        members=st.lists(st.tuples(st.booleans(), SIZES), min_size=1, max_size=6),
        skips=st.integers(0, 2),
        kind=st.sampled_from(BundleKind),
    )
    def plan(
        self,
        data: st.DataObject,
        members: list[tuple[bool, int | None]],
        skips: int,
        kind: BundleKind,
    ) -> None:
        bucket = data.draw(st.sampled_from(sorted(self.world.walked)))
        at = self.world.walked[bucket]
        entries: list[EntryRow] = [
            (b"%06d" % (at + n), b"01V" if old else b"", size, at + n, 5, 6)
            for n, (old, size) in enumerate(members)
        ]
        self.world.walked[bucket] = at + len(members) + skips
        left = [
            Skip(b"%06d" % (at + len(members) + n), b"", Unrepresentable.SYMLINK, "")
            for n in range(skips)
        ]
        number = self.do(self.ledger.next_bundle_id())
        new = replace(scene.bundle_of(number, entries), kind=kind)
        self.do(
            self.ledger.plan_page(
                bucket,
                bundles=[new],
                skips=left,
                cursor=(b"%06d" % self.world.walked[bucket], b""),
                event=self.event(),
            )
        )
        self.world.bunches[number] = Bunch(bucket, kind)
        for key, version, size, *_ in entries:
            self.world.things[bucket, key, version] = Thing(ObjectState.PLANNED, size, number)
        for skip in left:
            self.world.things[bucket, skip.key, b""] = Thing(ObjectState.SKIPPED, None, None)

    def some(self, data: st.DataObject, *states: BundleState) -> int | None:
        found = sorted(n for n, bunch in self.world.bunches.items() if bunch.state in states)
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), to=st.sampled_from([1, 2, 3, 3, 3]))
    def forward(self, data: st.DataObject, to: int) -> None:
        number = self.some(data, BundleState.PLANNED)
        if number is None:
            return
        bunch = self.world.bunches[number]
        self.do(self.ledger.copying([number], "worker 1"))
        bunch.state = BundleState.COPYING
        if to >= BundleState.COPIED:
            self.do(self.ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS))
            bunch.state = BundleState.COPIED
        if to >= BundleState.PINNED:
            self.do(self.ledger.pinned([number]))
            bunch.state = BundleState.PINNED

    @rule(data=st.data())
    def carry(self, data: st.DataObject) -> None:
        self.forward(data, BundleState.PINNED)
        self.record(data)

    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        number = self.some(data, BundleState.PINNED)
        if number is None:
            return
        bunch = self.world.bunches[number]
        rows, failures, changed = [], [], []
        for key in self.world.members(number):
            thing = self.world.things[key]
            outcome = data.draw(OUTCOMES)
            entry: EntryRow = (key[1], key[2], thing.size, 1, 2, 3)
            if outcome == "changed":
                entry = (key[1], key[2], data.draw(SIZES), 7, 8, 9)
                changed.append(entry)
                continue
            if outcome == "resized":
                entry = (key[1], key[2], data.draw(SIZES), 7, 8, 9)
            state = {"failed": ObjectState.FAILED, "gone": ObjectState.GONE_APPLIED}.get(
                outcome, ObjectState.RECORDED
            )
            rows.append(scene.row(bunch.bucket, entry, state))
            thing.state, thing.size = state, entry[2]
        failures += [why(row[9], row[10]) for row in rows if row[0] == ObjectState.FAILED]
        again = self.again(bunch, changed)
        failures += [why(entry[0], entry[1]) for entry in changed]
        self.do(
            self.ledger.record(number, rows, failures=failures, requeued=again, event=self.event())
        )
        bunch.state = BundleState.RECORDED

    def again(self, bunch: Bunch, changed: list[EntryRow]) -> list[NewBundle]:
        if not changed:
            return []
        number = self.do(self.ledger.next_bundle_id())
        self.world.bunches[number] = Bunch(bunch.bucket, bunch.kind, tries=bunch.tries + 1)
        self.world.requeued += len(changed)
        for key, version, size, *_ in changed:
            self.world.things[bunch.bucket, key, version] = Thing(ObjectState.PLANNED, size, number)
        return [replace(scene.bundle_of(number, changed), kind=bunch.kind)]

    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        number = self.some(data, *MOVABLE)
        if number is None:
            return
        bunch = self.world.bunches[number]
        bunch.state, bunch.tries = BundleState.PLANNED, bunch.tries + 1
        assert self.do(self.ledger.requeue(number, "again", self.event())) == bunch.tries

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        number = self.some(data, *MOVABLE)
        if number is None:
            return
        members = self.world.members(number)
        given_up = self.do(
            self.ledger.fail_bundle(number, code="denied", text="no", event=self.event())
        )
        assert given_up == len(members)
        for key in members:
            self.world.things[key].state = ObjectState.FAILED
        bunch = self.world.bunches[number]
        bunch.state, bunch.tries = BundleState.FAILED, bunch.tries + 1

    def failed(self, data: st.DataObject) -> tuple[int, list[Key]]:
        bucket = data.draw(st.sampled_from(sorted(self.world.walked)))
        found = sorted(
            key
            for key, thing in self.world.things.items()
            if key[0] == bucket and thing.state is ObjectState.FAILED
        )
        shown = self.do(self.ledger.failed_entries(bucket))
        assert [(bucket, entry[0], entry[1]) for entry in shown] == found
        return bucket, found[: data.draw(st.integers(1, 4))]

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        bucket, keys = self.failed(data)
        if not keys:
            return
        number = self.do(self.ledger.next_bundle_id())
        entries: list[EntryRow] = [
            (key[1], key[2], self.world.things[key].size, 4, 4, 4) for key in keys
        ]
        new = scene.bundle_of(number, entries)
        assert self.do(self.ledger.mending.retry(ROUND, bucket, [new], event=self.event())) == len(
            keys
        )
        self.world.bunches[number] = Bunch(bucket, BundleKind.RANGE)
        for key in keys:
            thing = self.world.things[key]
            thing.state, thing.bundle = ObjectState.PLANNED, number

    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        bucket, keys = self.failed(data)
        places = [key[1:] for key in keys]
        done = self.do(
            self.ledger.mending.waive({bucket: places}, who="op1", why="why", event=self.event())
        )
        assert done == len(keys)
        for key in keys:
            self.world.things[key].state = ObjectState.SKIPPED
            self.waived.add(key)

    @rule(data=st.data())
    def undo_a_skip(self, data: st.DataObject) -> None:
        if not self.waived:
            return
        key = data.draw(st.sampled_from(sorted(self.waived)))
        undone = self.do(self.ledger.mending.unwaive({key[0]: [key[1:]]}, event=self.event()))
        assert undone == 1
        self.waived.discard(key)
        self.world.things[key].state = ObjectState.FAILED

    @rule(data=st.data())
    def wrong_calls_change_nothing(self, data: st.DataObject) -> None:
        number = self.some(data, *BundleState)
        if number is None:
            return
        bunch, members = self.world.bunches[number], self.world.members(number)
        rows = [scene.row(bunch.bucket, (key[1], key[2], 1, 1, 1, 1)) for key in members[:-1]]
        ended = bunch.state in (BundleState.RECORDED, BundleState.FAILED)
        if members or ended:
            try:
                self.do(self.ledger.record(number, rows, event=EventDraft(kind="no", text="no")))
            except (Broken, WrongState):
                return
            message = f"bundle {number} was recorded without all of its members"
            raise AssertionError(message)

    @precondition(lambda self: self.world.bunches)
    @rule()
    def restart(self) -> None:
        self.do(self.ledger.close())
        self.ledger = self.do(scene.opened(self.path))
        assert self.do(self.ledger.reset_copying()) == sum(
            bunch.state is BundleState.COPYING for bunch in self.world.bunches.values()
        )
        for bunch in self.world.bunches.values():
            if bunch.state is BundleState.COPYING:
                bunch.state = BundleState.PLANNED

    @invariant()
    def i4_counters_are_what_the_model_counts(self) -> None:
        for bucket in (0, *self.world.walked):
            kept = self.do(self.ledger.counters(bucket))
            count = self.world.count
            every = count(*ObjectState, bucket=bucket)
            assert (kept.objects, kept.size_bytes) == every
            migrated = count(ObjectState.RECORDED, bucket=bucket)
            assert (kept.migrated, kept.migrated_bytes) == migrated
            assert kept.failed == count(ObjectState.FAILED, bucket=bucket)[0]
            assert kept.skipped == count(ObjectState.SKIPPED, bucket=bucket)[0]
            assert kept.gone == count(ObjectState.GONE_APPLIED, bucket=bucket)[0]
            open_ = count(ObjectState.PLANNED, bucket=bucket)
            assert (kept.remaining, kept.remaining_bytes) == open_
        whole = self.do(self.ledger.counters())
        assert whole.requeued == self.world.requeued
        assert self.do(self.ledger.last_seq()) == self.world.events

    @invariant()
    def bundles_are_where_the_model_has_them(self) -> None:
        found = self.do(self.ledger.in_states(*BundleState))
        assert {bundle.id: (bundle.state, bundle.tries) for bundle in found} == {
            number: (bunch.state, bunch.tries) for number, bunch in self.world.bunches.items()
        }
        for bundle in found:
            entries = self.do(self.ledger.bundle_entries(bundle))
            places = [(bundle.bucket_id, entry[0], entry[1]) for entry in entries]
            assert places == self.world.members(bundle.id)

    def teardown(self) -> None:
        try:
            self.do(self.ledger.recount())
            self.do(self.ledger.verify_chain())
            self.do(self.ledger.close())
            assert stored(self.path) == {
                key: (thing.state, thing.size, thing.bundle)
                for key, thing in self.world.things.items()
            }
        finally:
            self.loop.close()
            shutil.rmtree(self.path)


def why(key: bytes, version: bytes) -> FailureDraft:
    return FailureDraft(key=key, version=version, phase="copy", code="denied", text="no")


def stored(path: Path) -> dict[Key, tuple[int, int | None, int | None]]:
    """What the file holds. A tombstone of a round's bundle is due yet: gone for the model."""
    with closing(sqlite3.connect(path / "ledger.db")) as conn:
        return {
            (bid, key, version): (st_, size, bundle)
            for bid, key, version, st_, size, bundle in conn.execute(
                "SELECT bid,key,ver,CASE st WHEN 3 THEN 6 ELSE st END,size,bun FROM objects"
            )
        }


TestLedgerModel = LedgerModel.TestCase
TestLedgerModel.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
