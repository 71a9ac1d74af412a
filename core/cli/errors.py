"""`vgwm errors`: the objects that failed, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cli.call import Call
    from core.control import wire
    from core.control.client import Client

_PAGE = 500


@click.command()
@click.option("--class", "code", metavar="C", default="", help="Only this class, as listed.")
@click.option("--prefix", default="", metavar="P", help="Only objects whose BUCKET/KEY begins so.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Must be the workspace's plan.",
)
@conventions
def errors(call: Call, *, code: str, prefix: str, plan_file: str | None) -> int:
    """List failed and skipped objects.

    Each with phase, class, what happened, tries, and what to do. Also without an engine; under
    --json one object a line.
    """
    import asyncio
    from pathlib import Path

    from core.cli.link import looking
    from core.cli.output import listing
    from core.control.agree import check_plan_file

    if plan_file is not None:
        check_plan_file(call.workspace, Path(plan_file))

    async def look() -> int:
        async with looking(call) as client:
            async for page in _pages(client, code, prefix):
                listing(call, page, [_line(one) for one in page])
        return 0

    return asyncio.run(look())


async def _pages(client: Client, code: str, prefix: str) -> AsyncIterator[list[wire.Failure]]:
    after = ""
    while True:
        page = await client.failures(after, _PAGE, code, prefix)
        if page.failures:
            yield page.failures
        if not page.next:
            return
        after = page.next


def _line(one: wire.Failure) -> str:
    from core.control import facts

    version = f" version {one.version}" if one.version else ""
    return (
        f"{one.disposition:<8} {one.code:<20} {one.bucket}/{one.key}{version}"
        f"  {one.text}  in {one.phase}, tried {one.tries}, last {facts.clock_s(one.last_ns)}"
        f"  do: {one.remedy}"
    )
