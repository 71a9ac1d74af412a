"""`vgwm errors`: the objects that did not go through, by name and by page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.control.wire import failures as wire_failures
from core.control.wire import state as wire
from tests.fakes.desk import FakeDesk
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path


def failure(number: int, code: str) -> wire.Failure:
    return wire.Failure(
        bucket="photos",
        key=f"k{number:05d}",
        version="",
        phase="copy",
        code=code,
        text="it may not be read",
        tries=1,
        last_ns=1,
        remedy="Run as the gateway's user.",
        disposition="failed",
    )


async def test_every_page_is_fetched(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk()
    desk.failed = [failure(n, "denied") for n in range(1_234)]
    async with serving(ws, desk):
        ran = await vgwm("errors", "-w", str(ws), "--json", home=tmp_path)
    keys = [json.loads(line)["key"] for line in ran.out.splitlines()]
    assert keys == [one.key for one in desk.failed]


async def test_a_class_is_picked_out(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk()
    desk.failed = [failure(1, "denied"), failure(2, "source_changed")]
    async with serving(ws, desk):
        ran = await vgwm("errors", "-w", str(ws), "--class", "denied", home=tmp_path)
    (line,) = ran.out.splitlines()
    assert "photos/k00001" in line
    assert "Run as the gateway's user." in line


async def test_no_more_than_the_limit_is_listed(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk()
    desk.failed = [failure(n, "denied") for n in range(1_234)]
    async with serving(ws, desk):
        ran = await vgwm("errors", "-w", str(ws), "--json", "--limit", "501", home=tmp_path)
    assert len(ran.out.splitlines()) == 501


async def test_sums_are_listed_by_cause_and_by_bundle(ws: Path, tmp_path: Path) -> None:
    desk = FakeDesk()
    desk.causes = [
        wire_failures.FailureCause(
            code="denied",
            phase="copy",
            disposition="failed",
            objects=1_234,
            first_ns=1,
            last_ns=2,
            remedy="Let it be read.",
            share=0.5,
            example=failure(1, "denied"),
        )
    ]
    desk.failed_bundles = [
        wire_failures.FailureBundle(
            id=47_911,
            bucket="photos",
            first="photos/a",
            last="photos/b",
            objects=1_000,
            failed=3,
            last_ns=1,
            codes=["denied", "io_error"],
        )
    ]
    async with serving(ws, desk):
        cause = await vgwm("errors", "-w", str(ws), "--by", "cause", home=tmp_path)
        bundle = await vgwm("errors", "-w", str(ws), "--by", "bundle", home=tmp_path)
    assert "denied                     1,234  50.0%  in copy" in cause.out
    assert "like photos/k00001: it may not be read  do: Let it be read." in cause.out
    assert "47,911  3 of 1,000 failed  denied, io_error  photos/a .. photos/b" in bundle.out


async def test_nothing_failed_is_an_empty_list(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("errors", "-w", str(ws), "--json", home=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    plain = await vgwm("errors", "-w", str(ws), home=tmp_path)
    assert (plain.code, plain.out) == (0, "no object failed\n")
