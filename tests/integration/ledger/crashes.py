"""A migration in a process that is killed, run as `python -m tests.integration.ledger.crashes`.

`every FOLDER`: for k = 0, 1, 2, .. a forked child runs the same small migration and kills itself at
its k-th change, before the commit; then again right after it. The parent opens what is left.
`random FOLDER ROUNDS SEED`: a child works on one growing ledger and is killed at a random moment of
its beginning, or behind its first word.
Acknowledged work goes through a pipe; the parent finds all of it in the ledger (I5).
"""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.ledger.ledger import Ledger
from core.ledger.rows import EventDraft
from core.ledger.writer import Writer
from core.model import JobKind, JobState
from tests.integration.ledger import scene

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

BUNDLE = 20


async def migrate(path: Path, acknowledge: Callable[[str], None], bundles: int) -> None:
    """Plan and copy bundles behind what is there, telling each step after it returned."""
    ledger = await scene.opened(path)
    (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
    acknowledge("bucket")
    job = await ledger.add_job(JobKind.COPY, {}, "op1", f"epoch-{ledger.epoch}")
    await ledger.job_state(job, JobState.RUNNING)
    first = (await ledger.counters()).objects
    for n in range(bundles):
        members = scene.entries(first + BUNDLE * n, BUNDLE)
        number = await scene.planned(ledger, bucket, members)
        acknowledge(f"planned {number}")
        await scene.pinned(ledger, number)
        acknowledge(f"pinned {number}")
        rows = [scene.row(bucket, entry) for entry in members[1:]]
        again = await ledger.next_bundle_id()
        await ledger.record(
            number,
            rows,
            requeued=[scene.bundle_of(again, members[:1])],
            event=EventDraft(kind="recorded", text=f"bundle {number}"),
        )
        acknowledge(f"recorded {number}")
        seq = await ledger.event(EventDraft(kind="note", text=f"after {number}"))
        acknowledge(f"event {seq}")
    await ledger.job_state(job, JobState.DONE)
    acknowledge("ending")
    await ledger.close()
    acknowledge("closed")


async def check(path: Path, told: list[str]) -> None:
    """Open what a killed process left; everything that it told must be there, and add up."""
    last = dict(line.split() for line in told if " " in line)
    ledger = await scene.opened(path)  # counts again, and looks for damage if it ended badly
    if "closed" in told:
        assert ledger.clean
    elif told and "ending" not in told:
        assert not ledger.clean
    await ledger.recount()
    await ledger.verify_chain()
    if "event" in last:
        assert await ledger.last_seq() >= int(last["event"])
    for step, state in (("planned", 0), ("pinned", 3), ("recorded", 4)):
        if step in last:
            bundle = await ledger.bundle(int(last[step]))
            assert bundle, (step, last)
            assert bundle.state >= state, (step, bundle)
    assert all(job.state is not JobState.RUNNING for job in await ledger.jobs())
    counted = await ledger.counters()
    # Whole bundles only: one of each planned bundle's objects goes round again.
    assert counted.objects % BUNDLE == 0
    assert counted.migrated == counted.requeued * (BUNDLE - 1)
    await ledger.close()


def forked(work: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Run work in a child; return its pid and the end of a pipe with its acknowledgements."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(lambda line: void(os.write(writing, line.encode() + b"\n")))
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)
    os.close(writing)
    return pid, reading


def void(_: object) -> None:
    """Take a value and return none."""


def ended(pid: int, reading: int) -> tuple[int, list[str]]:
    """Wait for a child; return how it ended and what it told."""
    with os.fdopen(reading) as pipe:
        told = pipe.read().splitlines()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told


def dying(path: Path, at: int, after: bool, tell: Callable[[str], None]) -> None:  # noqa: FBT001 - bound by partial
    """Migrate, and be killed at the at-th change: in it, or when its commit has returned."""
    seen = 0
    submit = Writer.submit

    def counting(writer: Writer, change: Callable[[sqlite3.Connection], object]) -> object:
        def run(conn: sqlite3.Connection) -> object:
            nonlocal seen
            result = change(conn)
            seen += 1
            if seen == at + 1 and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        future = submit(writer, run)
        if after:
            future.add_done_callback(
                lambda _: os.kill(os.getpid(), signal.SIGKILL) if seen > at else None
            )
        return future

    Writer.submit = counting  # type: ignore[method-assign, assignment] # only in this child
    asyncio.run(migrate(path, tell, 2))


def every(folder: Path) -> None:
    """Kill at every change, before and after its commit, until a run gets through."""
    kills = 0
    for after in (False, True):
        for at in range(1_000):
            path = folder / f"{after}-{at}"
            path.mkdir()
            pid, reading = forked(partial(dying, path, at, after))
            code, told = ended(pid, reading)
            asyncio.run(check(path, told))
            if code == 0:
                break
            assert code == -signal.SIGKILL, code
            kills += 1
    sys.stdout.write(f"{kills} kills\n")


def at_random(folder: Path, rounds: int, seed: int) -> None:
    """Kill at random moments, on one ledger that grows."""
    chance = random.Random(seed)  # noqa: S311 - only moments to kill at
    kills = 0
    for number in range(rounds):
        pid, reading = forked(lambda tell: asyncio.run(migrate(folder, tell, 1_000)))
        if number % 2:  # else it may die before it has told anything
            select.select([reading], [], [], 60)
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(pid, signal.SIGKILL)
        code, told = ended(pid, reading)
        assert code == -signal.SIGKILL, code
        kills += "bucket" in told
        if (folder / "ledger.db").exists():
            asyncio.run(check(folder, told) if told else opening(folder))
    sys.stdout.write(f"{kills} kills\n")


async def opening(folder: Path) -> None:
    """Open a ledger that was killed before it told anything."""
    ledger = await Ledger.open(folder / "ledger.db", scene.IDENTITY)
    await ledger.recount()
    await ledger.close()


if __name__ == "__main__":
    mode, where, *rest = sys.argv[1:]
    if mode == "every":
        every(Path(where))
    else:
        at_random(Path(where), int(rest[0]), int(rest[1]))
