"""A ledger with torn pages or turned bytes: refused or recovered, never silently wrong."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken
from core.ledger import backup
from core.ledger.ledger import Ledger
from core.model import JobKind
from tests.faults.crash_ground import make_tree, make_workspace, wait_until_quiet
from tests.faults.crash_moments import Plan, passed
from tests.faults.crash_process import run
from tests.faults.crash_state import Proof, state_of
from tests.faults.seeded import fault_seed
from tests.faults.torn_files import LOG, NAME, WAL_HEAD, Wound, frames
from tests.faults.torn_trial import Trials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.crash_state import Place, State
    from tests.integration.source.tree import HandTree

pytestmark = pytest.mark.timeout(300)
MARK = f"{NAME}.sum"
FLIPS = 500 if os.environ.get("VGWM_FAULTS") == "all" else 300
"""Bytes turned in each place that has more: each takes 20 ms."""


@dataclass(frozen=True)
class Torn:
    """A finished copy, and one whose engine and workers were killed at its middle."""

    tree: HandTree
    bodies: dict[Place, bytes]
    done: Path
    half: Path
    scratch: Path
    whole: State
    chance: random.Random

    def turned(self, file: Path, places: range, most: int = FLIPS) -> list[Wound]:
        """Return a turned bit at each of these offsets, or at a seeded sample of them."""
        chosen = places if len(places) <= most else self.chance.sample(places, most)
        return [Wound(file.name, at, 1 << self.chance.randrange(8)) for at in chosen]


@pytest.fixture(scope="module")
def torn() -> Iterator[Torn]:
    seed = fault_seed()
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder is made there
    base = Path(tempfile.mkdtemp(prefix="vgwm-torn-", dir=shm))
    try:
        tree, bodies = make_tree(base / "gw", seed)
        wait_until_quiet(tree)
        done = make_workspace(tree, base / "done")
        assert run(done, base / "m1", Plan(-1)) == 0
        half = make_workspace(tree, base / "half")
        assert run(half, base / "m2", Plan(-1), (JobKind.PLAN,)) == 0
        middle = len(passed(base / "m1")) * 3 // 5
        assert run(half, base / "m3", Plan(middle, "both")).by_us
        whole = state_of(done / NAME, base / "done" / "out" / "objects.db")
        scratch = base / "scratch"
        scratch.mkdir()
        yield Torn(tree, bodies, done, half, scratch, whole, random.Random(seed))  # noqa: S311 - which bytes
    finally:
        shutil.rmtree(base)


def _told(name: str, trials: Trials) -> None:
    print(f"{name}: {dict(trials.seen.most_common())}")  # noqa: T201 - pytest shows it


def test_i5_a_log_cut_off_anywhere_loses_its_tail_and_nothing_else(torn: Torn) -> None:
    trials = Trials(torn.half, torn.scratch)
    found = frames(torn.half / LOG)
    last = found[-3].start
    cuts = {place for frame in found for place in (frame.start, frame.start + 24, frame.end - 1)}
    size = (torn.half / LOG).stat().st_size
    cuts |= set(torn.chance.sample(range(last, size), FLIPS)) | set(range(WAL_HEAD + 24))
    trials.run(Wound(LOG, at) for at in sorted(cuts))
    _told(f"{len(cuts)} cuts of {LOG}", trials)
    assert len(trials.states) > 5
    assert trials.seen["its tail is lost"] > FLIPS / 2


def test_i5_a_byte_that_turned_in_the_log_is_never_believed(torn: Torn) -> None:
    trials = Trials(torn.half, torn.scratch)
    found, log = frames(torn.half / LOG), torn.half / LOG
    heads = [at for frame in found[-3:] for at in range(frame.start, frame.start + 24)]
    wounds = [wound for at in heads for wound in torn.turned(log, range(at, at + 1))]
    wounds += torn.turned(log, range(WAL_HEAD))
    wounds += torn.turned(log, range(found[-3].start, found[-1].end))
    trials.run(wounds)
    _told(f"{len(wounds)} bytes of {LOG}", trials)
    assert trials.seen["whole"] == 0


def test_i5_a_byte_that_turned_in_the_pages_under_a_log_is_found(torn: Torn) -> None:
    trials = Trials(torn.half, torn.scratch)
    size = (torn.half / NAME).stat().st_size
    wounds = torn.turned(torn.half / NAME, range(size))
    wounds += [Wound(NAME, at) for at in torn.chance.sample(range(size), FLIPS // 7)]
    trials.run(wounds)
    _told(f"{len(wounds)} bytes and ends of {NAME} under its log", trials)


def test_i5_whatever_turned_in_a_closed_ledger_is_found(torn: Torn) -> None:
    trials = Trials(torn.done, torn.scratch)
    size = (torn.done / NAME).stat().st_size
    wounds = torn.turned(torn.done / NAME, range(size), FLIPS // 2)
    wounds += [Wound(NAME, at) for at in torn.chance.sample(range(size), FLIPS // 2)]
    trials.run(wounds)
    _told(f"{len(wounds)} bytes and ends of a closed {NAME}", trials)
    assert trials.opened == []


def test_i5_a_record_that_turned_is_found_without_the_mark(torn: Torn) -> None:
    """The row of the last object, byte by byte: SQLite sees none of them, its digest does."""
    bare = torn.scratch.parent / "bare"
    shutil.copytree(torn.done, bare)
    (bare / MARK).unlink()
    (bare / f"{NAME}.bak").unlink()
    trials = Trials(bare, torn.scratch)
    content = (bare / NAME).read_bytes()
    (_, key, _), row = max(torn.whole.objects.items())
    cid = row[5]
    assert isinstance(cid, bytes)
    # as SQLite lays a row out: its key, some numbers, its CID, its ETag
    ends = [at for at in range(len(content)) if content.startswith(cid, at)]
    end = next(at for at in ends if key in content[at - 64 : at])
    wounds = torn.turned(bare / NAME, range(content.rindex(key, end - 64, end), end + len(cid)))
    wounds += torn.turned(bare / NAME, range(len(content)))
    trials.run(wounds)
    _told(f"{len(wounds)} bytes of {NAME} without its mark", trials)
    assert sum(n for why, n in trials.seen.items() if "digests" in why) > 50


def test_a_mark_that_turned_costs_a_full_check_and_no_ledger(torn: Torn) -> None:
    for left in (torn.done, torn.half):
        trials = Trials(left, torn.scratch)
        trials.run(torn.turned(left / MARK, range((left / MARK).stat().st_size)))
        _told(f"bytes of {MARK}", trials)
        assert set(trials.seen) == {"whole"}


@pytest.mark.parametrize("wound", ["cut", "pages"])
def test_i5_a_hurt_migration_ends_as_if_nothing_had_been(
    torn: Torn, tmp_path: Path, wound: str
) -> None:
    """Cut off: it goes on by itself. Refused: the backup is put back as the remedy says."""
    here = tmp_path / "again"
    shutil.copytree(torn.half.parent, here)
    ledger = here / "ws" / NAME
    workspace = make_workspace(torn.tree, here / "paths")  # its vgwm.yaml names the new place
    shutil.copy(workspace / "vgwm.yaml", here / "ws" / "vgwm.yaml")
    (here / "out").rename(here / "paths" / "out")
    if wound == "cut":
        size = (here / "ws" / LOG).stat().st_size
        Wound(LOG, size * 3 // 4).inflict(here / "ws")
    else:
        (here / "ws" / LOG).unlink()  # all that came after the plan is lost: its epoch too
        with pytest.raises(Broken) as refused:
            asyncio.run(Ledger.open(ledger))
        assert refused.value.exit_code == 7
        assert "Restore the backup of" in refused.value.remedy
        for name in (LOG, f"{NAME}-shm"):
            (here / "ws" / name).unlink(missing_ok=True)
        shutil.copyfile(backup.place_of(ledger), ledger)
    assert run(here / "ws", tmp_path / "m", Plan(-1)) == 0
    state = state_of(ledger, here / "paths" / "out" / "objects.db")
    assert state == torn.whole
    Proof(torn.bodies).prove(here / "paths" / "out", state)
