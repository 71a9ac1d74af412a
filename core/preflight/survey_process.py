"""The walk of an assessment as a process of its own: the engine's loop goes on beside it.

The child is told the source by its stdin, says how far it is line by line, and ends with the
survey as JSON. Of secrets it knows an endpoint's keys, if that is the source; its environment and
its arguments hold none (I9). It leaves when nobody listens any more.
May import the configuration, the source and its own room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.redact import redact
from core.config.references import variables
from core.config.schema import PosixSource, S3Source  # noqa: TC001 - msgspec reads the annotations
from core.config.secret import SecretRef
from core.errors import NoAnswer
from core.preflight.survey import Survey
from core.preflight.surveying import survey
from core.source.chosen import config_of, source_config
from core.source.s3.config import S3Config
from core.source.s3.keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from core.config.schema import Workspace
    from core.source.chosen import SourceConfig

_SEEN: Final = b"seen "
_LINE_LIMIT: Final = 4 << 20
_GRACE_S: Final = 5.0


class _Task(msgspec.Struct, frozen=True):
    """What the child is told. access, secret: an endpoint's keys, "" for a tree."""

    source: PosixSource | S3Source
    profile: str
    access: str = ""
    secret: str = ""

    def config(self) -> SourceConfig:
        """Return how to reach the source."""
        return config_of(self.source, keys_of(self.access, self.secret) if self.access else None)


async def _task_of(workspace: Workspace) -> _Task:
    config = await asyncio.to_thread(source_config, workspace)
    profile = workspace.target.profile
    if not isinstance(config, S3Config):
        return _Task(workspace.source, profile)
    access, secret = config.keys()
    return _Task(workspace.source, profile, access.reveal(), secret.reveal())


async def survey_apart(workspace: Workspace, walked: Callable[[int], None]) -> Survey:
    """Walk the source in a process of its own; cancelling ends it.

    Raises BadInput or Denied where an endpoint's keys cannot be had, NoAnswer if the process died.
    """
    task = await _task_of(workspace)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.preflight.survey_process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        env=_harmless(variables(workspace)),
    )
    try:
        return await _hear(process, msgspec.json.encode(task, enc_hook=str), walked)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.wait_for(process.wait(), _GRACE_S)


def _harmless(secret: Collection[str]) -> dict[str, str]:
    """Return the environment without what holds secrets, by the workspace or by its looks."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in secret and redact(f"{name}={value}") == f"{name}={value}"
    }


async def _hear(
    process: asyncio.subprocess.Process, task: bytes, walked: Callable[[int], None]
) -> Survey:
    assert process.stdin is not None  # noqa: S101 - both are pipes: asked for above
    assert process.stdout is not None  # noqa: S101 - as above
    with contextlib.suppress(ConnectionError):
        process.stdin.write(task)
        process.stdin.close()
        await process.stdin.wait_closed()
    async for line in process.stdout:
        if not line.startswith(_SEEN):
            return msgspec.json.decode(line, type=Survey)
        walked(int(line[len(_SEEN) :]))
    code = await process.wait()
    raise NoAnswer(
        what=f"the walking process ended before its survey (exit code {code})",
        where="assess",
        remedy="See engine.log and dmesg, and assess again.",
    )


def main() -> None:
    """Walk as told, and answer."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=_Task, dec_hook=_read)
    out = sys.stdout.buffer
    told_s = 0.0

    def walked(entries: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= 1.0:
            told_s = time.monotonic()
            out.write(b"%b%d\n" % (_SEEN, entries))
            out.flush()

    with contextlib.suppress(BrokenPipeError):
        out.write(msgspec.json.encode(survey(task.config(), task.profile, walked)))
        out.write(b"\n")
        out.flush()


def _read(kind: type, value: object) -> object:
    if kind is SecretRef:
        return SecretRef.parse(str(value))
    return Path(str(value)) if kind is Path else value


if __name__ == "__main__":
    main()
