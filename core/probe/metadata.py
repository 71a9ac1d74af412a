"""Questions to the object table: YDB, or a SQLite file.

Health connects, reads a page and compares the schema. A check also writes a row of its own and
removes it, compares clocks, and looks whose rows are there. Source: ydb.md 9.
"""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import VgwmError
from core.probe.metadata_canary import canary
from core.probe.metadata_rows import foreign_rows
from core.probe.metadata_table import NO_TABLE, opened, there
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe
from core.probe.verdicts import worst
from core.target import profile as profiles
from core.target import ydb_address
from core.target.objects import START
from core.target.open_table import open_target_table, table_spec
from core.target.schema_check import ABSENT
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.config.schema import Workspace
    from core.model import Finding as Seen

CHECK_LIMIT_S: Final = 20.0
"""A login, a discovery and a handshake each have 5 s of their own."""

_TIMES: Final = 20
_PAGE: Final = 100
_OFF_S: Final = 1.0
_REACH: Final = "Check the database and the way to it."


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions to a workspace's object table."""
    found = [
        _probe("connect", depth, partial(_connect, workspace), workspace),
        _probe("read", depth, partial(_read, workspace), workspace),
        _probe("schema", depth, partial(_schema, workspace), workspace),
    ]
    if depth is Depth.CHECK:
        found += [
            _probe("version", depth, partial(_version, workspace), workspace),
            _probe("canary", depth, partial(canary, workspace), workspace),
            _probe("clock", depth, partial(_clock, workspace), workspace),
            _probe("rows", depth, partial(foreign_rows, workspace), workspace),
        ]
    return found


def _probe(
    check: str, depth: Depth, ask: Callable[[], Awaitable[Finding]], workspace: Workspace
) -> Probe:
    return Probe(
        check=check,
        component=Component.METADATA,
        depth=depth,
        ask=ask,
        endpoint=safe(table_spec(workspace)),
        limit_s=HEALTH_LIMIT_S if depth is Depth.HEALTH else CHECK_LIMIT_S,
        remedy=_REACH,
    )


async def _connect(workspace: Workspace) -> Finding:
    """Reach the server, be let in, find the database. A clear no is a fail, silence is unknown."""
    spec = table_spec(workspace)
    closed = await _closed(spec)
    if closed:
        return Finding(Verdict.FAIL, closed, _REACH)
    if not await there(workspace):
        return NO_TABLE
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    began_s = time.monotonic()
    table = await open_target_table(workspace, profile)
    took_ms = (time.monotonic() - began_s) * 1000
    await table.close()
    return Finding(Verdict.PASS, f"open within {took_ms:.0f} ms")


async def _closed(spec: str) -> str:
    """Return why nobody listens there, "" if somebody does, or if it is a file."""
    kind, _, rest = spec.partition(":")
    if kind != "ydb":
        return ""
    address = ydb_address.parse(rest)
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return ""
    except OSError as error:
        # asyncio words it with the address; of several addresses there is no number
        return os.strerror(error.errno).lower() if error.errno else safe(str(error))
    writer.close()
    return ""


async def _read(workspace: Workspace) -> Finding:
    if not await there(workspace):
        return NO_TABLE
    async with opened(workspace) as table:
        absent = await table.absent()
        if absent:
            return absent
        began_s = time.monotonic()
        rows = await table.rows.scan(START, _PAGE)
    took_ms = (time.monotonic() - began_s) * 1000
    return Finding(Verdict.PASS, f"{len(rows)} rows read in {took_ms:.1f} ms")


async def _schema(workspace: Workspace) -> Finding:
    """Compare with the profile. No table at all is in order: `target init` makes it."""
    if not await there(workspace):
        return NO_TABLE
    async with opened(workspace) as table:
        absent = await table.absent()
        if absent:
            return absent
        found = await table.rows.check()
    in_file = table_spec(workspace).startswith("sqlite:")
    return worst([_of_schema(one, in_file=in_file) for one in found])


def _of_schema(seen: Seen, *, in_file: bool) -> Finding:
    """Return what a comparison saw as a finding of ours."""
    if in_file and seen.verdict == "warn" and seen.evidence == ABSENT:
        return Finding(Verdict.PASS, f"{seen.subject}: built when the copy ends")
    return Finding(Verdict(seen.verdict), f"{seen.subject}: {seen.evidence}", seen.remedy)


async def _version(workspace: Workspace) -> Finding:
    if not await there(workspace):
        return NO_TABLE
    async with opened(workspace) as table:
        try:
            return Finding(Verdict.PASS, await table.rows.version())
        except VgwmError as error:
            return Finding(Verdict.UNKNOWN, error.what, "Compare its version by hand: >= 23.1.")


async def _clock(workspace: Workspace) -> Finding:
    """Compare the server's clock with ours, and say how long a small answer takes."""
    if not await there(workspace):
        return NO_TABLE
    took_s: list[float] = []
    off_s: list[float] = []
    async with opened(workspace) as table:
        for _ in range(_TIMES):
            began_ns, began_s = time.time_ns(), time.monotonic()
            now_us = await table.rows.clock_us()
            if now_us is None:
                return Finding(Verdict.PASS, "a file on this host: one clock")
            took_s.append(time.monotonic() - began_s)
            # it was read somewhere between question and answer: half way is off by half at most
            off_s.append(now_us / 1e6 - began_ns / 1e9 - took_s[-1] / 2)
    took_s.sort()
    told = f"p50 {took_s[len(took_s) // 2] * 1000:.1f} ms, p99 {took_s[-1] * 1000:.1f} ms"
    return judge_clock(min(off_s, key=abs), told)


def judge_clock(off_s: float, latency: str) -> Finding:
    """Judge how far the server is ahead of us (negative: behind). latency: shown beside it."""
    if abs(off_s) > _OFF_S:
        side = "ahead" if off_s > 0 else "behind"
        return Finding(
            Verdict.WARN,
            f"its clock is {abs(off_s):.1f} s {side} of ours; {latency}",
            "Let NTP set both clocks.",
        )
    return Finding(Verdict.PASS, f"clocks within {abs(off_s):.2f} s; {latency}")
