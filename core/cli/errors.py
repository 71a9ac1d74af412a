"""`vgwm errors`: the objects that failed, by name, by cause, by bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Unpack

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import failures as wire_failures
    from core.control.wire import state as wire

_PAGE = 500


class ErrorsGiven(TypedDict):
    """The options of `vgwm errors`, as click hands them over."""

    code: str
    phase: str
    prefix: str
    by: str | None
    limit: int | None
    plan_file: str | None


@click.command()
@click.option("--class", "code", metavar="C", default="", help="Only this class, as listed.")
@click.option("--phase", metavar="P", default="", help="Only what failed in this phase.")
@click.option("--prefix", default="", metavar="P", help="Only objects whose BUCKET/KEY begins so.")
@click.option("--by", type=click.Choice(["cause", "bundle"]), help="Sums instead of objects.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many lines.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Must be the workspace's plan.",
)
@conventions
def errors(call: Call, **given: Unpack[ErrorsGiven]) -> int:
    """List failed and skipped objects.

    Each with phase, class, what happened, tries, and what to do. Also without an engine; under
    --json one object a line, which `retry --from` and `skip --object-list` read.
    """
    import asyncio
    from pathlib import Path

    from core.cli.link import looking
    from core.cli.output import listing
    from core.control.agree import check_plan_file
    from core.errors import BadInput

    if given["plan_file"] is not None:
        check_plan_file(call.workspace, Path(given["plan_file"]))
    if given["by"] and (given["code"] or given["phase"] or given["prefix"]):
        raise BadInput(
            what="--by takes all failures together",
            where="vgwm errors",
            remedy="Leave --class, --phase and --prefix out.",
        )

    async def look() -> int:
        said = False
        async with looking(call) as client:
            async for rows, lines in _listed(client, given):
                listing(call, rows, lines)
                said = True
        if not said:
            chosen = given["code"] or given["phase"] or given["prefix"]
            listing(call, [], ["no object failed so" if chosen else "no object failed"])
        return 0

    return asyncio.run(look())


async def _listed(
    client: Client, given: ErrorsGiven
) -> AsyncIterator[tuple[list[object], list[str]]]:
    """Yield rows and their lines, by pages."""
    most = given["limit"]
    if given["by"] == "cause":
        causes = (await client.failure_causes()).causes[:most]
        if causes:
            yield list(causes), [_cause_line(one) for one in causes]
        return
    if given["by"] == "bundle":
        async for bundles in _bundles(client, most):
            yield list(bundles), [_bundle_line(one) for one in bundles]
        return
    async for page in _pages(client, given):
        yield list(page), [_line(one) for one in page]


async def _pages(client: Client, given: ErrorsGiven) -> AsyncIterator[list[wire.Failure]]:
    after, left = "", given["limit"]
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await client.failures(
            after, size, given["code"], given["prefix"], phase=given["phase"]
        )
        if page.failures:
            yield page.failures
        if not page.next:
            return
        after = page.next
        left = None if left is None else left - len(page.failures)


async def _bundles(
    client: Client, most: int | None
) -> AsyncIterator[list[wire_failures.FailureBundle]]:
    at = 0
    while most is None or at < most:
        size = _PAGE if most is None else min(_PAGE, most - at)
        page = await client.failure_bundles(at, size)
        if not page.bundles:
            return
        yield page.bundles
        at += len(page.bundles)


def _line(one: wire.Failure) -> str:
    from core.display import clock_s

    version = f" version {one.version}" if one.version else ""
    by = f"  by {one.who}: {one.why}" if one.who else ""
    return (
        f"{one.disposition:<8} {one.code:<20} {one.bucket}/{one.key}{version}"
        f"  {one.text}  in {one.phase}, tried {one.tries}, last {clock_s(one.last_ns)}"
        f"{by}  do: {one.remedy}"
    )


def _cause_line(one: wire_failures.FailureCause) -> str:
    from core.display import clock_s, count

    example = one.example
    like = "" if example is None else f"  like {example.bucket}/{example.key}: {example.text}"
    return (
        f"{one.disposition:<8} {one.code:<20} {count(one.objects):>11} {one.share:>6.1%}"
        f"  in {one.phase}, first {clock_s(one.first_ns)}, last {clock_s(one.last_ns)}"
        f"{like}  do: {one.remedy}"
    )


def _bundle_line(one: wire_failures.FailureBundle) -> str:
    from core.display import clock_s, count

    return (
        f"bundle {count(one.id):>9}  {count(one.failed)} of {count(one.objects)} failed"
        f"  {', '.join(one.codes)}  {one.first} .. {one.last}  last {clock_s(one.last_ns)}"
    )
