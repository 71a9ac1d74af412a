"""A command beside a job of its kind: followed if it does the same, refused if it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.desk import FakeDesk, asked, job, snapshot
from tests.integration.cli.desk import serving
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "args"),
    [
        (("verify", "--full", "--replicas", "all"), {"scope": "all", "sample": "0"}),
        (("verify", "--sample-size", "0", "--bucket", "photos"), {"sample": "0"}),
        (("missing", "--bucket", "photos"), {"sample": "0"}),
        (("sync", "--full"), {"mode": "ready"}),
        (("sync", "--once", "--workers", "3"), {"mode": "watch"}),
        (("retry", "--confirm", "0a1b2c3d"), {"plan": "ffffffff"}),
        (("metadata", "repair", "--confirm", "0a1b2c3d"), {"plan": "ffffffff"}),
        (("assess", "--measure", "60s"), {}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
async def test_a_job_that_was_asked_for_something_else_is_not_followed(
    words: tuple[str, ...], args: dict[str, str], ws: Path, tmp_path: Path
) -> None:
    kind = {"missing": "verify", "metadata": "repair"}.get(words[0], words[0])
    desk = FakeDesk(snapshot(jobs=[job(7, "running", kind=kind, args=args)]))
    async with serving(ws, desk):
        ran = await vgwm(*words, "-w", str(ws), "--json", home=tmp_path)
    assert (ran.code, ran.error()["code"]) == (3, "wrong_state"), ran.err
    assert "vgwm watch 7" in ran.error()["remedy"]
    assert asked(desk.told) == []


async def test_the_same_command_again_takes_up_the_job_that_is_at_work(
    ws: Path, tmp_path: Path
) -> None:
    args = {"scope": "all", "full": "1", "replicas": "all"}
    desk = FakeDesk(snapshot(jobs=[job(7, "running", kind="verify", args=args)]))
    words = ("verify", "--full", "--replicas", "all", "--detach")
    async with serving(ws, desk):
        ran = await vgwm(*words, "-w", str(ws), home=tmp_path)
    assert (ran.code, ran.out) == (0, "7\n"), ran.err
    assert "job 7 (verify) is running: following it" in ran.err
