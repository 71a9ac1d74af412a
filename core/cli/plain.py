"""The application's plain mode: a line per changed fact, all every 30 s, no cursor moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions
from core.display import clock_s

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.control.fact import Fact

FULL_S = 30.0
EVERY_S = 1.0


@click.command("plain", hidden=True)
@conventions
def plain_app(call: Call) -> int:
    """Print what the terminal application shows; under --json the snapshot, once."""
    import asyncio

    return asyncio.run(_snapshot(call) if call.as_json else _lines(call))


async def _snapshot(call: Call) -> int:
    from core.cli.link import looking
    from core.cli.output import answer

    async with looking(call) as client:
        answer(call, await client.snapshot(), [])
    return 0


async def _lines(call: Call) -> int:
    import asyncio

    from core.cli.link import looking
    from core.control import facts

    before: dict[str, Fact] = {}
    async with looking(call) as client:
        full_at = 0.0
        while True:
            now = await client.snapshot()
            at_s = now.at_ns / 1e9
            full = at_s - full_at >= FULL_S
            if full:
                full_at = at_s
            after = {fact.label: fact for fact in facts.facts(now)}
            for line in changed({} if full else before, after):
                click.echo(f"{clock_s(now.at_ns)} {line}")
            before = after
            await asyncio.sleep(EVERY_S)


def changed(before: dict[str, Fact], after: dict[str, Fact]) -> list[str]:
    """Return a line for each fact that is new or differs in more than its age."""
    from core.control import facts

    def same(old: Fact | None, new: Fact) -> bool:
        return old is not None and (old.parts, old.state, old.reason) == (
            new.parts,
            new.state,
            new.reason,
        )

    return [facts.line(fact) for label, fact in after.items() if not same(before.get(label), fact)]
