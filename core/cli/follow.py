"""Follows a job to its end: one line that is rewritten on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from core import display
from core.cli.voice import Voice
from core.control import facts
from core.control.client import Client, job_of
from core.control.feed import EventFeed
from core.control.refusal import raised
from core.display import clock_s
from core.errors import EngineDown, NoAnswer
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.cli.call import Call
    from core.cli.log_file import LogFile
    from core.control.wire import state as wire

EVERY_S = 1.0
_QUIET_S = 10.0
"""How often a line is printed where nothing can be rewritten and nothing happened."""

FOUND_SOMETHING = 1


class Follower:
    """Prints a job's progress and events. log: a file that gets more than that."""

    def __init__(self, call: Call, job: int, *, log: LogFile | None = None) -> None:
        self._job = job
        self.log = log
        self._quiet = call.as_json
        self._rewrites = sys.stderr.isatty() and not call.plain and not call.as_json
        self._said_ns = 0
        self._state = ""
        self._dirty = False
        sys.stderr.flush()
        self._voice = Voice(sys.stderr.fileno())

    def show(self, now: wire.Snapshot, happened: list[wire.Event]) -> None:
        """Print what is new. Progress goes to stderr: stdout is the result's."""
        for event in happened:
            if event.job in {None, self._job}:
                self._line(_event_line(event))
        job = job_of(now, self._job)
        if job is None:
            return
        text = progress_line(now, job)
        quiet_s = (now.at_ns - self._said_ns) / 1e9
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            self._voice.say(f"\r{text[:width]:<{width}}")
            self._dirty = True
        if job.state != self._state or quiet_s >= _QUIET_S:
            if self._quiet and job.state != self._state and job.state == JobState.PAUSED:
                # programs read it as they read errors: a line of JSON on stderr
                told = {"paused": {"job": job.id, "reason": job.reason}}
                self._voice.say(json.dumps(told, ensure_ascii=False) + "\n")
            self._said_ns = now.at_ns
            self._state = job.state
            if not self._rewrites:
                self._line(text)

    def silent(self, for_s: float) -> None:
        """Say that the engine does not answer; the job may go on all the same."""
        self._line(f"~ engine silent {display.duration(for_s)}")

    def end(self) -> None:
        """Leave the rewritten line behind."""
        if self._dirty:
            self._voice.say("\n")
            self._dirty = False
        self._voice.hush()

    def _line(self, text: str) -> None:
        if self._quiet:
            return
        gap = "\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r" if self._dirty else ""
        self._voice.say(f"{gap}{text}\n")


async def follow(
    client: Client, follower: Follower, job: int, *, every_s: float = EVERY_S
) -> wire.Snapshot:
    """Follow a job until it ends, and return the last snapshot. Raises what ended a failed job."""
    feed = EventFeed(client, (await client.snapshot()).last_seq)
    last: wire.Snapshot | None = None
    try:
        async for now in client.follow_job(job, every_s=every_s, silent=follower.silent):
            last = now
            with suppress(NoAnswer, EngineDown):  # the next round reads what this one could not
                await _happened(client, follower, now, feed)
    finally:
        follower.end()
    assert last is not None  # noqa: S101 - follow_job yields the end, or raises
    ended = job_of(last, job)
    if ended is not None and ended.state == JobState.FAILED and ended.result is not None:
        raise raised(ended.result)
    return last


async def _happened(
    client: Client, follower: Follower, now: wire.Snapshot, feed: EventFeed
) -> None:
    """Show what came with this snapshot, and what was missed before it."""
    bundles = await client.bundles(follower.log.bundle) if follower.log is not None else None
    events = await feed.up_to(now.last_seq)
    if follower.log is not None and bundles is not None:
        follower.log.see(now, events, bundles)
    follower.show(now, [event for event in events if event.level != "info"])


def progress_line(now: wire.Snapshot, job: wire.Job) -> str:
    """Return a job and its speed on one line, the words of the screens."""
    why = f" ({job.reason})" if job.reason else ""
    begin = f"{clock_s(now.at_ns)} {job.kind} {job.state}{why}"
    return f"{begin}{_WORDS.get(job.kind, _moved)(now, job)}"


def _planned(now: wire.Snapshot, _job: wire.Job) -> str:
    return f"  {display.count(now.totals.objects)} objects, {display.size(now.totals.size_bytes)}"


def _assessed(_now: wire.Snapshot, job: wire.Job) -> str:
    return f"  {job.done} of {'?' if job.total is None else job.total} checks answered"


def _mended(_now: wire.Snapshot, job: wire.Job) -> str:
    total = "" if job.total is None else f" of {display.count(job.total)}"
    return f"  {display.count(job.done)}{total} differences"


def _synced(now: wire.Snapshot, _job: wire.Job) -> str:
    lag = "unknown" if now.sync_lag_s is None else display.duration(now.sync_lag_s)
    return f"  {display.count(now.sync_pending)} objects to carry, lag {lag}"


def _verified(_now: wire.Snapshot, job: wire.Job) -> str:
    """Return how far a verification is: keys that were joined, and what was found."""
    told = job.figures
    of = "?" if job.total is None else display.count(job.total)
    found = sum(told.get(name, 0) for name in ("differ", "missing", "extra", "error"))
    read = f", {display.count(told['read'])} read again" if "read" in told else ""
    if "again" in told:
        read += f", a second look at {display.count(told['again'])}"
    equal = display.count(told.get("equal", 0))
    return f"  {display.count(job.done)} of {of}, {equal} equal, {display.count(found)} not{read}"


def _kept(_now: wire.Snapshot, job: wire.Job) -> str:
    """Return how far a job on the whole object table is."""
    total = "" if job.total is None else f" of {display.count(job.total)}"
    return f"  {display.count(job.done)}{total} rows"


def _crossed(now: wire.Snapshot, _job: wire.Job) -> str:
    """Return where each slice stands, and what the way back would cost."""
    slices = [f"{one.name} {one.number} {one.state}, writes: {one.writable}" for one in now.slices]
    risk = now.risk
    if risk is not None and risk.since_ns:
        open_ = risk.writes + risk.deletes
        known = not risk.silent_since_ns
        slices.append(f"{display.count(open_) if known else 'unknown'} keys at risk")
    return "".join(f"  {one}" for one in slices)


def _moved(now: wire.Snapshot, _job: wire.Job) -> str:
    said = {fact.label: fact.value for fact in (*facts.total_facts(now), *facts.speed_facts(now))}
    return (
        f"  objects {said['objects']}  bytes {said['bytes']}  failed {said['failed']}"
        f"  rate {said['rate']}  ETA {said['ETA']}"
    )


_WORDS: Mapping[str, Callable[[wire.Snapshot, wire.Job], str]] = {
    JobKind.PLAN: _planned,
    JobKind.ASSESS: _assessed,
    JobKind.CHECK: _verified,
    JobKind.REPAIR: _mended,
    JobKind.BACKUP: _kept,
    JobKind.RESTORE: _kept,
    JobKind.REBUILD: _kept,
    JobKind.SYNC: _synced,
    JobKind.VERIFY: _verified,
    JobKind.CUTOVER: _crossed,
    JobKind.REHEARSE: _crossed,
    JobKind.REVERSE: _crossed,
    JobKind.ROLLBACK: _crossed,
}


def _event_line(event: wire.Event) -> str:
    mark = facts.event_fact(event).state.glyph
    return f"{clock_s(event.ts_ns)} {mark} {event.who}: {event.text}"
