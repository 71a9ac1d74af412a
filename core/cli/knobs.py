"""`vgwm set`, and the options and variables by which other commands set knobs."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import click

from core.cli.call import conventions, steers
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.cli.call import Call

# The variables that the operator guide exports. Those in bytes carry no unit there.
GUIDE_VARIABLES = {
    "workers": "MIGRATION_WORKERS",
    "batch_size": "MIGRATION_BATCH_SIZE",
    "retry_attempts": "MIGRATION_RETRY_ATTEMPTS",
    "retry_delay": "MIGRATION_RETRY_DELAY",
    "timeout": "MIGRATION_TIMEOUT",
    "large_threshold": "MULTIPART_THRESHOLD",
    "segment_size": "MULTIPART_CHUNK_SIZE",
    "segment_concurrency": "MULTIPART_CONCURRENCY",
}
_BYTES = frozenset({"large_threshold", "segment_size"})


def knob_options(*names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command an option per knob; it receives those given, by name, as `knobs`.

    An option wins over VGWM_NAME, that over the guide's variable. Values are text: the engine
    knows their units and bounds.
    """

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def wrapped(*args: object, **options: object) -> int:
            asked: dict[str, str] = {}
            for name in names:
                given = options.pop(name)
                value = str(given) if given is not None else _variable(name)
                if value is not None:
                    asked[name] = value
            return function(*args, knobs=asked, **options)

        for name in reversed(names):
            wrapped = click.option(
                "--" + name.replace("_", "-"),
                name,
                metavar="VALUE",
                help=f"Set the knob {name} first. Also VGWM_{name.upper()}"
                + (f", {GUIDE_VARIABLES[name]}." if name in GUIDE_VARIABLES else "."),
            )(wrapped)
        return wrapped

    return decorate


def _variable(name: str) -> str | None:
    ours = os.environ.get(f"VGWM_{name.upper()}")
    if ours:
        return ours
    theirs = os.environ.get(GUIDE_VARIABLES.get(name, ""))
    if theirs and name in _BYTES and theirs.isdigit():
        return f"{theirs}B"
    return theirs or None


@click.command("set")
@click.argument("values", nargs=-1, metavar="[KNOB=VALUE]...")
@conventions
@steers
def set_knobs(call: Call, *, values: tuple[str, ...]) -> int:
    """Set or list knobs of the engine.

    All are set or none; without arguments they are listed. They hold within 2 s, without a
    restart: vgwm set workers=5 bandwidth=50MiB/s

    Copy at night only, and slower by day, times in UTC: vgwm set
    'windows=mon-fri 19:00-07:00, sat-sun 00:00-24:00, 07:00-19:00=5MiB/s'

    Find the number of workers by measuring: vgwm set autotune=on. Spare a source that serves
    clients: vgwm set source_p99_max=50ms. Values, bounds and effects: docs/controls.md.
    """
    import asyncio

    return asyncio.run(_change(call, _pairs(values)) if values else _list(call))


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name or name in pairs:
            from core.display import safe

            raise BadInput(
                what=f"{safe(text)} is no KNOB=VALUE, or names a knob twice",
                where="vgwm set",
                remedy="For example: vgwm set workers=5. vgwm set lists the knobs.",
            )
        pairs[name] = value
    return pairs


async def _list(call: Call) -> int:
    from core.cli.link import looking
    from core.cli.output import listing
    from core.control import facts

    async with looking(call) as client:
        now = await client.snapshot()
    listing(call, now.knobs, [facts.line(facts.knob_fact(knob, now.at_ns)) for knob in now.knobs])
    return 0


async def _change(call: Call, pairs: dict[str, str]) -> int:
    from core.cli.link import live
    from core.cli.output import answer

    async with live(call) as client:
        before = {knob.name: knob.value for knob in (await client.snapshot()).knobs}
        await client.set_knobs(pairs, actor=call.actor)
        after = {knob.name: knob.value for knob in (await client.snapshot()).knobs}
    # a hand on workers switches autotune off
    beside = [name for name in after if name not in pairs and after[name] != before.get(name)]
    names = [*pairs, *beside]
    lines = [f"{name} {before.get(name, '?')} -> {after.get(name, '?')}" for name in names]
    answer(call, {name: after.get(name) for name in names}, lines)
    return 0
