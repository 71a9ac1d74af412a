"""What an engine writes down by itself: a log that `diagnose` reads, a recording that plays."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.knobs import Knobs
from core.config.redact import remember
from core.control.chronicle import Chronicle, chronicling
from core.control.client import Client, job_of
from core.control.flight import frames as flight
from core.control.flight.reading import open_recording
from core.control.flight.replaying import Playhead, ReplayClient
from core.control.flight.ring import FlightRing, segments
from core.control.host import engine_here
from core.control.log.diagnosis import diagnose
from core.control.log.reading import Odd, read_log
from core.control.wire import state as wire
from core.errors import BadInput, Refused, WrongState
from core.model import ENDED, JobState
from tests.fakes.desk import AT_NS, FakeDesk, job, snapshot
from tests.integration.engine.ground import make_ground, make_workspace

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000
PLAIN = str


async def _run(client: Client, kind: str) -> None:
    number = await client.start_job(kind, {}, actor="op1")
    states = [
        found.state
        async for now in client.follow_job(number, every_s=0.02)
        if (found := job_of(now, number)) is not None
    ]
    assert states[-1] == JobState.DONE


async def test_a_run_can_be_diagnosed_and_played_again(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=40)
    make_workspace(ground, Knobs(workers=2, batch_size=10))
    async with engine_here(ground.workspace) as app, Client(app) as client:
        await _run(client, "plan")
        await _run(client, "copy")
        live = await client.snapshot()
        told = await client.bundles()
        metrics = await client.metrics()
    found = diagnose(read_log(ground.workspace / "engine.log", Odd()))
    assert found.objects == live.totals.migrated == len(ground.bodies)
    assert found.bundles == live.totals.bundles_recorded
    assert found.bytes == live.totals.migrated_bytes
    assert len(told.bundles) == found.bundles
    assert all(one.worker in {0, 1} and one.read_s > 0 for one in told.bundles)
    assert f'_count{{workspace="ws",phase="all"}} {found.bundles}' in metrics
    recording = open_recording(ground.workspace)
    last = recording.at(len(recording) - 1)
    assert last.totals == live.totals
    assert [one.state for one in last.jobs] == [one.state for one in live.jobs]


async def test_events_of_a_copy_grow_with_time_not_with_bundles(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=60)
    make_workspace(ground, Knobs(workers=2, batch_size=1))
    async with engine_here(ground.workspace) as app, Client(app) as client:
        await _run(client, "plan")
        before = (await client.snapshot()).last_seq
        await _run(client, "copy")
        events = (await client.events(before)).events
        now = await client.snapshot()
    recorded = [one for one in events if one.kind == "recorded"]
    took_s = (events[-1].ts_ns - events[0].ts_ns) / S
    assert now.totals.bundles_recorded > 100
    assert len(recorded) <= took_s + 2


def _ring(tmp_path: Path, **most: int) -> FlightRing:
    return FlightRing(tmp_path / flight.FOLDER, **most)


def _fill(ring: FlightRing, seconds: range) -> None:
    for second in seconds:
        now = snapshot(at_ns=AT_NS + second * S, last_seq=second)
        ring.add(now.at_ns, flight.pack(now, PLAIN))


def _seqs(tmp_path: Path) -> list[int]:
    recording = open_recording(tmp_path)
    return [recording.at(number).last_seq for number in range(len(recording))]


def test_a_ring_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    ring = _ring(tmp_path, segment_bytes=4_000, most_bytes=20_000)
    _fill(ring, range(3_000))
    ring.close()
    files = segments(tmp_path / flight.FOLDER)
    assert sum(path.stat().st_size for path in files) <= 20_000 + 4_000
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    seqs = _seqs(tmp_path)
    assert len(seqs) > 200
    assert seqs == list(range(3_000 - len(seqs), 3_000))


def test_an_engine_that_starts_in_vain_pushes_no_recording_out(tmp_path: Path) -> None:
    ring = _ring(tmp_path)
    _fill(ring, range(100))
    for start in range(100):
        again = _ring(tmp_path)
        _fill(again, range(100 + start, 101 + start))
        again.close()
    assert _seqs(tmp_path) == list(range(200))


def test_every_cut_of_the_newest_segment_leaves_what_was_whole(tmp_path: Path) -> None:
    ring = _ring(tmp_path)
    _fill(ring, range(5))
    ring.close()
    ring = _ring(tmp_path)
    _fill(ring, range(5, 8))
    ring.close()
    newest = segments(tmp_path / flight.FOLDER)[-1]
    whole = newest.read_bytes()
    counts: set[int] = set()
    torn: list[str] = []
    for length in range(0, len(whole), 7):
        newest.write_bytes(whole[:length])
        seqs = _seqs(tmp_path)
        assert seqs == list(range(len(seqs)))
        counts.add(len(seqs))
        torn += open_recording(tmp_path).torn
    assert set(torn) == {newest.name}
    assert counts == {5, 6, 7}


def test_an_engine_goes_on_in_a_segment_of_its_own(tmp_path: Path) -> None:
    ring = _ring(tmp_path)
    _fill(ring, range(3))
    (torn,) = segments(tmp_path / flight.FOLDER)
    torn.write_bytes(torn.read_bytes()[:-5])
    again = _ring(tmp_path)
    _fill(again, range(3, 6))
    again.close()
    assert _seqs(tmp_path) == [0, 1, 3, 4, 5]
    ring.close()


def test_any_second_reads_as_it_does_in_order(tmp_path: Path) -> None:
    ring = _ring(tmp_path, segment_bytes=6_000)
    _fill(ring, range(150))
    ring.close()
    recording = open_recording(tmp_path)
    for number in (149, 0, 75, 74, 76, 149, 3):
        assert recording.at(number).last_seq == number
    assert recording.number_at(AT_NS + 42 * S + 5) == 42
    assert recording.number_at(0) == 0


def test_where_nothing_can_be_written_seconds_are_lost_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / flight.FOLDER).write_text("a file in the way")
    ring = _ring(tmp_path)
    _fill(ring, range(3))
    assert ring.lost == 3
    (tmp_path / flight.FOLDER).unlink()
    _fill(ring, range(3, 5))
    ring.close()
    assert _seqs(tmp_path) == [3, 4]


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no recording"):
        open_recording(tmp_path)
    with pytest.raises(BadInput, match="there is no recording"):
        open_recording(tmp_path / "none")
    odd = tmp_path / f"1{flight.SUFFIX}"
    odd.write_bytes(b"SQLite format 3\0")
    with pytest.raises(BadInput, match="no recording of this version"):
        open_recording(odd)
    odd.write_bytes(flight.MAGIC + flight.key_frame(1, msgspec.msgpack.encode({"v": 2})))
    with pytest.raises(BadInput, match="no recording of this version"):
        open_recording(odd).at(0)


async def test_a_job_at_work_is_recorded_each_second_and_rest_is_not(tmp_path: Path) -> None:
    desk = FakeDesk()
    ring = _ring(tmp_path)
    chronicle = Chronicle(desk, ring)
    for second, state in enumerate(["running"] * 3 + ["paused"] * 5 + ["running", "done", "done"]):
        desk.now = snapshot(at_ns=AT_NS + second * S, jobs=[job(1, state)])
        await chronicle.look()
    ring.close()
    recording = open_recording(tmp_path)
    assert [(at_ns - AT_NS) // S for at_ns in recording.times_ns] == [0, 1, 2, 3, 8, 9]


async def test_the_last_second_is_recorded_when_an_engine_ends(tmp_path: Path) -> None:
    desk = FakeDesk(snapshot(jobs=[job(1, "running")]))
    async with chronicling(tmp_path, desk):
        desk.now = snapshot(at_ns=AT_NS + S, jobs=[job(1, "done")])
    recording = open_recording(tmp_path)
    assert recording.at(len(recording) - 1).jobs[0].state in ENDED


async def test_news_whose_record_was_cut_short_is_recorded_by_the_next_look(tmp_path: Path) -> None:
    ring = _ring(tmp_path)
    chronicle = Chronicle(FakeDesk(snapshot(last_seq=7)), ring)
    held = threading.Event()
    with ThreadPoolExecutor(1) as only:
        asyncio.get_running_loop().set_default_executor(only)
        only.submit(held.wait)
        cut = asyncio.create_task(chronicle.look())
        while not only._work_queue.qsize():  # noqa: ASYNC110, SLF001 - nothing else tells that it waits
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.wait([cut])
        held.set()
        await chronicle.look()
    ring.close()
    assert _seqs(tmp_path) == [7]


async def test_i9_no_secret_is_recorded(tmp_path: Path) -> None:
    remember("hunter2-of-the-recorder")
    node = "http://op:hunter2-of-the-recorder@k1:5001"
    workspace = msgspec.structs.replace(snapshot().workspace, target=f"ipfs {node}")
    desk = FakeDesk(snapshot(workspace=workspace, limit="Bearer abcdef123456"))
    async with chronicling(tmp_path, desk):
        pass
    recording = open_recording(tmp_path)
    shown = msgspec.json.encode([recording.at(n) for n in range(len(recording))])
    assert b"hunter2" not in shown
    assert b"abcdef123456" not in shown
    assert b"[secret]" in shown


async def test_a_replay_answers_looks_and_refuses_acts(tmp_path: Path) -> None:
    ring = _ring(tmp_path)
    for second in range(10):
        seq = second + 1
        event = wire.Event(
            seq=seq, ts_ns=AT_NS, kind="recorded", level="info", who="engine", text="x"
        )
        now = snapshot(at_ns=AT_NS + second * S, events=[event], last_seq=seq)
        ring.add(now.at_ns, flight.pack(now, PLAIN))
    ring.close()
    recording = open_recording(tmp_path)
    playhead = Playhead(recording.times_ns, clock=lambda: 0.0)
    async with ReplayClient(recording, playhead) as client:
        for second in range(10):
            playhead.to_frame(second)
            assert (await client.snapshot()).last_seq == second + 1
        assert [one.seq for one in (await client.events(7)).events] == [8, 9, 10]
        playhead.to_frame(3)
        assert [one.seq for one in (await client.events(1)).events] == [2, 3, 4]
        for act in (
            client.pause(1, actor="op1"),
            client.set_knobs({"workers": "3"}, actor="op1"),
            client.start_job("copy", {}, actor="op1"),
            client.stop_engine(actor="op1"),
        ):
            with pytest.raises(Refused, match="this is a replay"):
                await act
        with pytest.raises(WrongState, match="a recording does not hold"):
            await client.failures()
        with pytest.raises(WrongState):
            await client.plan()


def test_a_segment_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / flight.FOLDER / f"1{flight.SUFFIX}").mkdir(parents=True)
    with pytest.raises(BadInput, match="the recording cannot be read"):
        open_recording(tmp_path)


async def test_a_restart_and_a_killed_worker_are_found_in_the_log(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=300)
    make_workspace(ground, Knobs(workers=2, batch_size=10))
    async with engine_here(ground.workspace) as app, Client(app) as client:
        await _run(client, "plan")
    killed = False
    async with engine_here(ground.workspace) as app, Client(app) as client:
        number = await client.start_job("copy", {}, actor="op1")
        async for now in client.follow_job(number, every_s=0.01):
            pids = [worker.pid for worker in now.workers if worker.pid]
            if pids and not killed:
                os.kill(pids[0], signal.SIGKILL)
                killed = True
    found = diagnose(read_log(ground.workspace / "engine.log", Odd()))
    assert killed
    assert [one.epoch for one in found.restarts] == [2]
    assert found.workers_lost == 1
    assert found.objects == len(ground.bodies)
