"""Glyph, word and role of states, and the few figures that several screens show alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.model import ENDED, JobState
from tui.views.line import Piece, Role

if TYPE_CHECKING:
    from core.control.wire.state import Job, Snapshot

_ROLES = {
    State.NONE: Role.DIM,
    State.SKIPPED: Role.DIM,
    State.PASS: Role.OK,
    State.DONE: Role.OK,
    State.RUNNING: Role.OK,
    State.WARN: Role.WARN,
    State.STALLED: Role.WARN,
    State.WAITING: Role.WARN,
    State.PAUSED: Role.WARN,
    State.STALE: Role.WARN,
    State.FAIL: Role.BAD,
    State.UNKNOWN: Role.UNKNOWN,
}

_DOING = {
    "plan": "planning",
    "assess": "assessing",
    "copy": "copying",
    "retry": "trying again",
    "skip": "skipping",
    "unskip": "taking skips back",
    "sync": "keeping up with the source",
    "verify": "verifying",
    "check": "checking metadata",
    "repair": "repairing",
    "rebuild": "rebuilding the table",
    "backup": "backing up",
    "restore": "restoring",
    "cutover": "cutting over",
    "rehearse": "rehearsing",
    "rollback": "going back to blue",
    "reverse": "copying back",
}

_JOB_STATES = {
    JobState.QUEUED: State.WAITING,
    JobState.RUNNING: State.RUNNING,
    JobState.PAUSING: State.RUNNING,
    JobState.PAUSED: State.PAUSED,
    JobState.CANCELLING: State.RUNNING,
    JobState.CANCELLED: State.SKIPPED,
    JobState.DONE: State.DONE,
    JobState.FAILED: State.FAIL,
    JobState.INTERRUPTED: State.WARN,
}


def role_of(state: State) -> Role:
    """Return the role in which a state is written."""
    return _ROLES[state]


def stands(state: State, word: str) -> Piece:
    """Return a state as glyph and word."""
    return Piece(f"{state.glyph} {word}", role_of(state))


ASSESS, VERIFY = "assess", "verify"
BESIDE = frozenset({ASSESS, VERIFY, "check", "backup"})
"""The kinds of job that run beside any other, and move no object."""


def current_job(now: Snapshot) -> Job | None:
    """Return the newest job that goes on, else the newest that has ended.

    One that moves no object only where there is no other: it says nothing of how far all is.
    """
    alive = [job for job in now.jobs if job.state not in ENDED]
    found = [job for job in alive if job.kind not in BESIDE] or alive
    found = found or [job for job in now.jobs if job.kind not in BESIDE]
    return max(found or now.jobs, key=lambda job: job.id, default=None)


def assess_job(now: Snapshot) -> Job | None:
    """Return the newest assessment that the engine still knows of."""
    return job_of_kind(now, ASSESS)


def job_of_kind(now: Snapshot, kind: str) -> Job | None:
    """Return the newest job of a kind that the engine still knows of."""
    return max((job for job in now.jobs if job.kind == kind), key=lambda job: job.id, default=None)


def is_alive(job: Job | None) -> bool:
    """Whether a job is there and has not ended."""
    return job is not None and job.state not in ENDED


def job_state(job: Job) -> State:
    """Return how a job stands; a state of a newer engine is unknown (I7)."""
    return _state_of(job.state)


def job_word(state: str) -> Piece:
    """Return a job's state as glyph and word."""
    return stands(_state_of(state), state)


def _state_of(state: str) -> State:
    return _JOB_STATES[JobState(state)] if state in set(JobState) else State.UNKNOWN


def standing(now: Snapshot) -> Piece:
    """Return what the workspace does, for the title: `> copying`, `! stalled`, `= copied`."""
    job = current_job(now)
    if job is None:
        return stands(State.NONE, "planned" if now.workspace.planned else "no plan")
    if job.state == JobState.RUNNING:
        if now.eta.stalled_s is not None and job.kind not in BESIDE:
            return stands(State.STALLED, "stalled")
        return stands(State.RUNNING, _DOING.get(job.kind, job.kind))
    return stands(job_state(job), f"{job.kind} {job.state}")


def done_percent(now: Snapshot) -> str:
    """Return how much of the objects is on the target, floored to a tenth."""
    return display.percent(now.totals.migrated, now.totals.wanted)


def speed(per_s: float | None) -> str:
    """Return bytes a second; a dash while it is not earned yet."""
    return "-" if per_s is None else f"{display.size(round(per_s))}/s"
