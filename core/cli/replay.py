"""`vgwm replay`: a recorded run, on the screens that showed it live, or as lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import SCREENS, conventions
from core.cli.output import note
from core.display import clock_s, safe
from core.errors import BadInput
from core.model import NS_PER_S

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.fact import Fact
    from core.control.flight.reading import Recording
    from core.control.flight.replaying import Playhead

DEFAULT_SPEED = 10.0
_MOST_SPEED = 100_000.0
_WHOLE = 100.0
_NAP_S = 0.05


class ReplayGiven(TypedDict):
    """The options of `vgwm replay`, as click hands them over."""

    where: Path | None
    speed: float | None
    begin: str


@click.command()
@click.argument("where", type=click.Path(path_type=Path), metavar="[FILE|WS]", required=False)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, _MOST_SPEED),
    metavar="N",
    help="Seconds played in one: 10 on screens; lines come at once unless given.",
)
@click.option(
    "--from",
    "begin",
    default="",
    metavar="TIME",
    help="Begin there: 2026-11-25T14:02, 14:02 UTC of its first day, or 40%.",
)
@conventions
def replay(call: Call, **given: Unpack[ReplayGiven]) -> int:
    """Show a recorded run on the dashboard, marked REPLAY; nothing can be changed there.

    FILE: a segment *.flight; WS: a workspace; else this one. With --plain, or without a terminal,
    a line per changed fact; with --json a snapshot per recorded second.
    """
    from core.control.flight.reading import open_recording
    from core.control.flight.replaying import Playhead, ReplayClient

    recording = open_recording(given["where"] or call.workspace)
    playhead = Playhead(recording.times_ns, speed=given["speed"] or DEFAULT_SPEED)
    if given["begin"]:
        _begin_at(playhead, recording, given["begin"])
    for name in recording.torn:
        note(call, f"{name} broke off: what was whole is played")
    screens = click.get_current_context().meta.get(SCREENS)
    if screens is not None and not call.plain and not call.as_json:
        code: int = screens(ReplayClient(recording, playhead))
        return code
    _print(call, recording, playhead, paced=given["speed"] is not None)
    return 0


def _begin_at(playhead: Playhead, recording: Recording, text: str) -> None:
    """Move to what --from says. Raises BadInput."""
    share = text.removesuffix("%")
    if share != text and share.replace(".", "", 1).isdigit() and float(share) <= _WHOLE:
        playhead.to_share(float(share) / _WHOLE)
        return
    first = datetime.fromtimestamp(recording.times_ns[0] / NS_PER_S, tz=UTC)
    try:
        if len(text) <= len("hh:mm:ss"):
            text = f"{first.date().isoformat()}T{text}"
        at = datetime.fromisoformat(text)
    except ValueError as error:
        last = datetime.fromtimestamp(recording.times_ns[-1] / NS_PER_S, tz=UTC)
        raise BadInput(
            what=f"{safe(text)} is no time",
            where="vgwm replay --from",
            remedy=f"Recorded is {first:%Y-%m-%dT%H:%M:%S} .. {last:%Y-%m-%dT%H:%M:%S} UTC.",
        ) from error
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    playhead.to_frame(recording.number_at(int(at.timestamp() * NS_PER_S)))


def _print(call: Call, recording: Recording, playhead: Playhead, *, paced: bool) -> None:
    """Print frames from the playhead on; paced: as fast as it plays, else at once."""
    import time

    import msgspec

    from core.cli.plain import changed
    from core.control import facts

    before: dict[str, Fact] = {}
    for number in range(playhead.frame, len(recording)):
        while paced and playhead.frame < number:
            time.sleep(_NAP_S)
        now = recording.at(number)
        if call.as_json:
            click.echo(msgspec.json.encode(now).decode())
            continue
        after = {fact.label: fact for fact in facts.facts(now)}
        for line in changed(before, after):
            click.echo(f"REPLAY {clock_s(now.at_ns)} {line}")
        before = after
