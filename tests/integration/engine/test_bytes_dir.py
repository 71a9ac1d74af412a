"""The bytes of a directory target read again: what is wrong is named, and nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import psutil
import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.acts.wish import Deed, Wish
from core.engine.reins import JobCancelled
from core.errors import NoAnswer
from core.model import BundleState, JobKind
from core.verify.bytes_told import BytesWish
from core.verify.findings import findings
from core.verify.sampling import size_class
from core.verify.size_classes import class_name
from tests.integration.engine.broken import break_objects, mend_objects
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate, run_job
from tests.integration.engine.reading_again import FULL, a_look, look, new_reins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.engine.verifying.bytes import BytesRun
    from tests.integration.engine.ground import Ground

OBJECTS, BUCKETS = 60, 2
ALL = (OBJECTS + 1) * BUCKETS


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=OBJECTS, buckets=BUCKETS)
    make_workspace(made, Knobs(workers=2, batch_size=20))
    return made


@pytest.fixture
async def engine(ground: Ground) -> AsyncIterator[Engine]:
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        yield engine


def car_of(ground: Ground, body: bytes) -> Path:
    """Return the file that holds a content."""
    for path in sorted((ground.target / "bundles").iterdir()):
        if body in path.read_bytes():
            return path
    raise AssertionError("no file holds it")


def small_of(ground: Ground) -> list[tuple[str, str]]:
    """Return the objects whose content no other has, nor any file by chance."""
    return [name for name, body in ground.bodies.items() if len(body) == 4096]


def flip(path: Path, body: bytes) -> None:
    """Flip a bit of a content."""
    data = bytearray(path.read_bytes())
    data[data.index(body) + len(body) // 2] ^= 4
    path.write_bytes(data)


async def read_so_many(run: BytesRun, bundles: int) -> None:
    """Wait until so many bundles were read."""
    while run.figures.done < bundles:  # noqa: ASYNC110 - a look has no event for that
        await asyncio.sleep(0.01)


def below() -> set[psutil.Process]:
    """Return the processes below this one."""
    return set(psutil.Process().children(recursive=True))


async def test_a_sound_set_is_whole_with_no_bound_left(engine: Engine, tmp_path: Path) -> None:
    told = await look(engine, FULL, tmp_path / "v")
    figures = told.figures
    assert told.found == []
    assert (figures.n, figures.bad, figures.unread, figures.bound95) == (ALL, 0, 0, 0.0)
    assert figures.whole
    assert {part.bound95 for part in figures.strata} == {0.0}
    assert figures.done == figures.all == len(list((engine.path.parent / "out/bundles").iterdir()))
    sizes = sum(path.stat().st_size for path in (tmp_path / "out/bundles").iterdir())
    copies = sum(path.stat().st_size for path in (tmp_path / "out/manifests").iterdir())
    assert figures.read_bytes == sizes + copies


async def test_each_damage_is_named_with_its_object_and_place(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    flipped, chunk = small_of(ground)[3], ("bucket1", "large.bin")
    flip(car_of(ground, ground.bodies[flipped]), ground.bodies[flipped])
    large = ground.bodies[chunk][1 << 20 : 2 << 20]
    flip(car_of(ground, large), large)
    told = await look(engine, FULL, tmp_path / "v")
    assert told.ills == {flipped: "bad_bytes", chunk: "bad_bytes"}
    assert all(where.startswith("bundles/") for where in told.places)
    assert told.figures.bad == 2
    assert told.figures.bound95 == pytest.approx(2 / ALL)
    assert {one.listed for one in told.found} == {"differ"}
    assert all(one.bundle and one.wanted != one.found for one in told.found)


async def test_a_lost_file_loses_its_objects_and_a_lost_copy_none(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    lost = car_of(ground, ground.bodies[small_of(ground)[0]])
    kept = car_of(ground, ground.bodies["bucket1", "large.bin"][:1000])
    lost.unlink()
    (ground.target / "manifests" / f"{kept.stem}.ndjson").unlink()
    other = next(
        path
        for path in sorted((ground.target / "manifests").iterdir())
        if path.stem not in {lost.stem, kept.stem}
    )
    other.write_bytes(other.read_bytes().replace(b"text/plain", b"text/plane"))
    told = await look(engine, FULL, tmp_path / "v")
    of_lost = {name for name, ill in told.ills.items() if ill == "lost_block"}
    bundles = await engine.ledger.in_states(BundleState.RECORDED)
    [bundle] = [one for one in bundles if one.root == cids.parse(lost.stem)]
    assert len(of_lost) == bundle.objects == told.figures.bad
    of_bundles = [one for one in told.found if one.ill == "no_manifest"]
    assert {one.found for one in of_bundles} == {"no file", "other bytes"}
    firsts = {one.id: one.first for one in bundles}
    assert all((one.key, one.version) == firsts[one.bundle] for one in of_bundles)
    assert len(told.found) == len(of_lost) + 2


async def test_i7_what_cannot_be_read_is_an_error_and_counts_as_nothing(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    path = car_of(ground, ground.bodies["bucket0", "large.bin"][:1000])
    path.unlink()
    path.symlink_to(path.name)  # too many levels
    told = await look(engine, FULL, tmp_path / "v")
    assert set(told.ills.values()) == {"unread"}
    assert {one.listed for one in told.found} == {"error"}
    assert ("bucket0", "large.bin") in told.ills
    figures = told.figures
    assert figures.unread == len(told.found)
    assert (figures.n + figures.unread, figures.bad) == (ALL, 0)
    assert figures.bound95 > 0  # not proved


async def test_a_header_that_names_another_root_is_a_bundles_fault(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    path = next((ground.target / "bundles").iterdir())
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)
    told = await look(engine, FULL, tmp_path / "v")
    [one] = told.found
    assert (one.ill, one.field, one.where) == ("bad_bytes", "header", f"bundles/{path.name}")
    assert told.figures.bad == 0  # of its objects


async def test_a_sample_is_the_same_for_its_seed_and_finds_what_it_meets(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    wish = BytesWish(seed=8123, sample=40)
    one = await look(engine, wish, tmp_path / "a")
    same = await look(engine, wish, tmp_path / "b")
    assert replace(one.figures, seconds=0) == replace(same.figures, seconds=0)
    assert 15 < one.figures.n < 70
    assert one.figures.bound95 == pytest.approx(3 / one.figures.n, rel=0.1)
    large = max(len(body) for body in ground.bodies.values())
    bounds = {part.name: part.bound95 for part in one.figures.strata if part.kind == "size"}
    assert bounds[class_name(size_class(large))] == 0.0  # both of its class were read
    assert bounds["to 16 KiB"] > 0.0
    for body in ground.bodies.values():
        if len(body) > 1:
            flip(car_of(ground, body[: 1 << 10]), body[: 1 << 10])
    bad = await look(engine, wish, tmp_path / "c")
    assert bad.figures.n == one.figures.n
    assert bad.figures.bad > one.figures.n / 3
    assert len(bad.found) >= bad.figures.bad
    strata = {(part.kind, part.name) for part in bad.figures.strata}
    assert {("bucket", "bucket0"), ("size", "to 16 KiB"), ("tries", "first try")} <= strata


async def test_a_sample_of_all_proves_all(engine: Engine, tmp_path: Path) -> None:
    told = await look(engine, BytesWish(seed=1, sample=10_000), tmp_path / "v")
    assert (told.figures.n, told.figures.bound95) == (ALL, 0.0)


async def test_a_sample_of_a_file_that_cannot_be_followed_loses_what_it_cannot_reach(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    path = car_of(ground, ground.bodies[small_of(ground)[0]])
    data = path.read_bytes()
    path.write_bytes(data[:59] + b"\0" + data[60:])
    told = await look(engine, BytesWish(seed=1, sample=10_000), tmp_path / "v")
    whole = await look(engine, FULL, tmp_path / "w")
    assert set(told.ills.values()) == {"lost_block"}
    assert told.ills.items() <= whole.ills.items()
    assert told.figures.bad == whole.figures.bad == len(told.found)


async def test_one_bucket_is_read_alone(engine: Engine, tmp_path: Path) -> None:
    [bucket] = [row for row in await engine.ledger.buckets() if row.name == b"bucket1"]
    for wish in (FULL, BytesWish(seed=1, sample=10_000)):
        of_one = replace(wish, buckets=frozenset({bucket.id}))
        told = await look(engine, of_one, tmp_path / f"v{wish.full}")
        assert told.figures.n == OBJECTS + 1


async def test_objects_that_went_round_again_are_read_by_their_manifest(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=OBJECTS, buckets=1)
    make_workspace(ground, Knobs(workers=2, batch_size=20))
    names = [("bucket0", "d1/k0001"), ("bucket0", "d5/k0005")]
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        break_objects(ground, names)
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        mend_objects(ground, names)
        plan = await engine.acts.plans.make(
            Wish(deed=Deed.RETRY, max_attempts=5), (), patience_s=30
        )
        job = await engine.start_job(JobKind.RETRY, {"plan": plan.hash}, "op1", "")
        await engine.wait(job)
        assert (await engine.ledger.counters()).failed == 0
        told = await look(engine, FULL, tmp_path / "v")
        assert (told.figures.n, told.found) == (OBJECTS + 1, [])
        parts = {(part.kind, part.name): part.n for part in told.figures.strata}
        assert parts["tries", "retried"] == 2
        flip(car_of(ground, ground.bodies[names[1]]), ground.bodies[names[1]])
        assert (await look(engine, FULL, tmp_path / "w")).ills == {names[1]: "bad_bytes"}


async def test_a_cancelled_look_keeps_what_it_read_and_goes_on_there(
    engine: Engine, tmp_path: Path
) -> None:
    whole = await look(engine, FULL, tmp_path / "whole")
    slow = Knobs(workers=1, bandwidth=2_000_000)
    reins = new_reins()
    run = a_look(engine, FULL, tmp_path / "v", lambda: slow)
    task = asyncio.create_task(run.run(reins))
    await read_so_many(run, 2)
    reins.cancel("by a test")
    with pytest.raises(JobCancelled):
        await task
    assert 2 <= run.figures.done < whole.figures.done
    assert not run.figures.whole
    assert run.figures.n > 0
    rest = a_look(engine, FULL, tmp_path / "v")
    figures = await rest.run(new_reins())
    assert figures.whole
    assert (figures.n, figures.done) == (whole.figures.n, whole.figures.done)
    assert figures.read_bytes == whole.figures.read_bytes  # nothing was read twice for it


async def test_a_paused_look_reads_nothing_until_it_is_resumed(
    engine: Engine, tmp_path: Path
) -> None:
    slow = Knobs(workers=1, bandwidth=1_000_000)
    reins = new_reins()
    run = a_look(engine, FULL, tmp_path / "v", lambda: slow)
    task = asyncio.create_task(run.run(reins))
    await read_so_many(run, 1)
    reins.pause("by a test")
    await asyncio.sleep(0.5)  # what was in flight ends
    before = run.figures.done
    slow = Knobs(workers=1)
    await asyncio.sleep(0.5)
    assert run.figures.done == before
    reins.resume()
    assert (await task).whole


async def test_a_reader_that_dies_is_replaced_and_nothing_is_lost(
    engine: Engine, tmp_path: Path
) -> None:
    slow = Knobs(workers=1, bandwidth=2_000_000)
    run = a_look(engine, FULL, tmp_path / "v", lambda: slow)
    before = below()
    task = asyncio.create_task(run.run(new_reins()))
    await read_so_many(run, 1)
    [reader] = [one for one in below() - before if one.ppid() != os.getpid()]
    reader.kill()
    slow = Knobs(workers=1)
    figures = await task
    assert (figures.n, figures.whole) == (ALL, True)
    assert list(findings(tmp_path / "v")) == []


async def test_a_host_without_processes_ends_the_look_with_its_reason(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_slot: int) -> NoReturn:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(engine.premises.forks, "fork", refuses)
    with pytest.raises(NoAnswer, match="no process can be started"):
        await look(engine, FULL, tmp_path / "v")


async def test_no_node_is_asked_and_nothing_is_written_to_the_target(
    engine: Engine, ground: Ground, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in ground.target.rglob("*")}
    shutil.copytree(ground.target, tmp_path / "copy")
    await look(engine, FULL, tmp_path / "v")
    await look(engine, BytesWish(seed=1, sample=50), tmp_path / "w")
    for path in ground.target.rglob("*"):
        if path.is_file() and "objects.db" not in path.name:
            same = tmp_path / "copy" / path.relative_to(ground.target)
            assert path.read_bytes() == same.read_bytes()
    after = {path: path.stat().st_mtime_ns for path in ground.target.rglob("*")}
    assert before == after
