"""Runs a job for a command: begins it, follows it or leaves it, and judges its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from core.cli.follow import FOUND_SOMETHING, Follower, follow
from core.cli.link import working
from core.cli.log_file import log_file
from core.cli.output import answer, note
from core.control.client import job_of, running_job
from core.control.files import refuse_place
from core.control.job_wish import require_answers
from core.control.summary import summary
from core.errors import BadInput
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import state as wire

    # Looks at a job that is done: returns its result, lines, and exit code.
    Judge = Callable[[Client, wire.Snapshot], Awaitable["Verdict"]]
    # Returns the args of a job.
    Ask = Callable[[Client], Awaitable[Mapping[str, str]]]


class Verdict(NamedTuple):
    """What a job that is done comes to."""

    result: object
    lines: list[str]
    code: int


class Manner(NamedTuple):
    """How a job is run: in the engine and followed, left alone, or in this process."""

    detach: bool = False
    foreground: bool = False
    log_file: Path | None = None


class Errand(NamedTuple):
    """What is to be run: knobs are set before the job begins; judge looks at its end.

    args: what the job is asked; one of its kind that is at work is followed only if it does that.
    None: any of its kind is. ask: returns the args of a new one, from the engine that is to run it.
    like: returns, from the engine, what args says, where that takes an engine.
    """

    kind: str
    args: Mapping[str, str] | None
    knobs: Mapping[str, str]
    judge: Judge
    ask: Ask | None = None
    like: Ask | None = None


def run_job(call: Call, errand: Errand, manner: Manner) -> int:
    """Begin a job and see it through; return the command's exit code.

    Ctrl-C leaves the job to the engine (130); with --foreground the engine in this process puts
    its bundles back, and the same command goes on from there.
    """
    if manner.detach and (manner.foreground or manner.log_file is not None):
        raise BadInput(
            what="--detach goes with neither --foreground nor --log-file",
            where=f"vgwm {call.command}",
            remedy="Leave one out.",
        )
    if manner.log_file is not None:
        refuse_place(call.workspace, manner.log_file)
        with log_file(manner.log_file, since_ns=0):
            pass  # refused before anything is begun
    begun: list[int] = []

    async def whole() -> int:
        async with working(call, foreground=manner.foreground) as client:
            job = await _begin(client, call, errand)
            begun.append(job)
            if manner.detach:
                answer(call, {"job": job, "state": JobState.QUEUED}, [str(job)])
                return 0
            last = await _see(client, call, job, manner.log_file)
            return await _judge(client, call, job, last, errand.judge)

    try:
        return asyncio.run(whole())
    except KeyboardInterrupt:
        if begun and not manner.foreground:
            note(call, f"\ndetached: job {begun[0]} goes on; vgwm watch {begun[0]} follows it")
        elif begun:
            note(call, f"\njob {begun[0]} is interrupted; the next engine goes on with it")
        raise


async def _begin(client: Client, call: Call, errand: Errand) -> int:
    """Begin the job, or take up the one of its kind that is at work: again means go on.

    So it is after a crash: the new engine has gone on with the job before this command asks.
    Raises WrongState if that one was asked for something else; then no knob is set.
    """
    now = await client.snapshot()
    at_work = running_job(now, kind=errand.kind)
    if at_work is not None:
        wanted = errand.args if errand.like is None else await errand.like(client)
        if wanted is not None:
            require_answers(at_work, wanted, where=f"vgwm {call.command}")
    if errand.knobs:
        await client.set_knobs(errand.knobs, actor=call.actor)
    if at_work is not None:
        note(call, f"job {at_work.id} ({errand.kind}) is {at_work.state}: following it")
        return at_work.id
    if errand.kind == JobKind.PLAN:
        if now.workspace.planned:
            note(
                call,
                "the plan is whole already: what came to the source since is not in it."
                " After the copy `vgwm sync` brings it over.",
            )
        await _say_unassessed(client, call)
    args = (errand.args or {}) if errand.ask is None else await errand.ask(client)
    return await client.start_job(errand.kind, args, actor=call.actor)


async def _say_unassessed(client: Client, call: Call) -> None:
    """Say what a plan begins without: an assessment, or a word on its warnings."""
    assessed = await client.checks()
    if not any(one.measured_ns for one in assessed.checks):
        note(call, "nobody has assessed this migration: vgwm assess asks what must be known")
    elif assessed.open_warnings:
        waiting = ", ".join(
            one.id for one in assessed.checks if one.state == "warn" and not one.ack
        )
        note(call, f"warnings that nobody took on: {waiting}; vgwm assess --last shows them")


async def _see(client: Client, call: Call, job: int, path: Path | None) -> wire.Snapshot:
    """Follow a job to its end; a log file gets all that is known of it since it was made."""
    if path is None:
        return await follow(client, Follower(call, job), job)
    now = await client.snapshot()
    found = job_of(now, job)
    with log_file(path, since_ns=now.at_ns if found is None else found.made_ns) as log:
        log.begin(f"vgwm {call.command} follows job {job}")
        return await follow(client, Follower(call, job, log=log), job)


async def _judge(client: Client, call: Call, job: int, last: wire.Snapshot, judge: Judge) -> int:
    ended = job_of(last, job)
    if ended is not None and ended.state == JobState.CANCELLED:
        answer(call, summary(last), [f"job {job} was cancelled"])
        return FOUND_SOMETHING
    verdict = await judge(client, ending_with(last, job))
    answer(call, verdict.result, verdict.lines)
    return verdict.code


def ending_with(last: wire.Snapshot, job: int) -> wire.Snapshot:
    """Return a state without the jobs that were made after this one.

    A verdict is of the newest job of its kind: one that somebody began meanwhile is not ours.
    """
    import msgspec

    return msgspec.structs.replace(last, jobs=[one for one in last.jobs if one.id <= job])
