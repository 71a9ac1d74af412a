"""The gate `reverse`: whether what green will accept can be brought to blue at all.

Asked before a flip: without it the way back would lose what clients were told is stored.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.cutover.gate import Gate
from core.cutover.private_writer import writing
from core.display import safe
from core.engine.reversing.private_process import running
from core.engine.reversing.undoing import blue_of
from core.errors import NodeUnreachable, VgwmError
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import PrivateWriter, Workspace

NAME: Final = "reverse"
LIMIT_S: Final = 300.0
_REMEDY: Final = "Name a cutover.private_writer that works: see docs/reverse.md."


async def gate(workspace: Workspace, buckets: Sequence[str]) -> Gate:
    """Ask the private writer for a bucket, and look where what is replaced would be kept.

    buckets: names of the slice's.
    """
    at_ns = time.time_ns()
    mode, settings = workspace.cutover.reverse, workspace.cutover.private_writer
    if mode == "off":
        text = "reverse copy is off: what green accepts is lost by a way back"
        return _gate(Verdict.WARN, text, at_ns, "Set cutover.reverse, or acknowledge it by name.")
    if settings is None:
        verdict = Verdict.FAIL if mode == "continuous" else Verdict.WARN
        return _gate(verdict, "no private writer is named: nothing comes to blue", at_ns, _REMEDY)
    try:
        kept = await asyncio.to_thread(_undo, workspace, buckets)
        await _ask(settings, buckets)
    except VgwmError as error:
        return _gate(Verdict.FAIL, f"{error.what} ({error.where})", at_ns, error.remedy or _REMEDY)
    if kept:
        return _gate(Verdict.FAIL, kept, at_ns, "Set cutover.undo to a folder beside the source.")
    return _gate(Verdict.PASS, f"{mode}: the private writer answers", at_ns, "")


async def _ask(settings: PrivateWriter, buckets: Sequence[str]) -> None:
    """Ask the writer that is there; begin ours for the question where none is."""
    try:
        await _asked(settings, buckets)
    except NodeUnreachable:
        if not settings.argv:
            raise
        async with running(settings):
            await _asked(settings, buckets)


async def _asked(settings: PrivateWriter, buckets: Sequence[str]) -> None:
    async with writing(settings) as writer:
        for bucket in buckets[:1]:
            await writer.has_bucket(bucket)


def _gate(verdict: Verdict, text: str, at_ns: int, remedy: str) -> Gate:
    return Gate(
        name=NAME, verdict=verdict, evidence=text, at_ns=at_ns, limit_s=LIMIT_S, remedy=remedy
    )


def _undo(workspace: Workspace, buckets: Sequence[str]) -> str:
    """Return why what is replaced could not be kept, "" if it can. Raises BadInput, NoAnswer."""
    blue = blue_of(workspace)
    if blue is None:
        return ""
    blue.require(buckets)
    place = blue.undo
    while not place.exists():
        place = place.parent
    if place.stat().st_dev != blue.source.path.stat().st_dev:
        return f"what is replaced on blue would be kept on another file system: {safe(str(place))}"
    return ""
