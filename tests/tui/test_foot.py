"""The row of messages, and where a row ends: news only, and no text cut unseen."""

from __future__ import annotations

import msgspec

from core.cli.proof_lines import row_line
from tests.tui import proved, stage
from tests.tui.test_views import SMALL
from tui.keys import Keymap
from tui.screen import Name
from tui.views.foot import message_row
from tui.views.frame import draw
from tui.views.line import plain, width_of

SYNC = msgspec.structs.replace(
    stage.job(10, "sync", "done", ended_ns=stage.NOON_NS), figures={"rounds": 1, "added": 2}
)


def advice(*jobs: object) -> str:
    scene = stage.scene(stage.snapshot(jobs=list(jobs)))
    return plain(message_row(scene, stage.ui(Name.HOME), SMALL.width)).strip()


def test_figures_of_a_job_are_news_until_another_has_run() -> None:
    assert advice(SYNC) == "job 10, sync: 1 round, 2 added"
    assert advice(SYNC, stage.job(11, "verify", "done", ended_ns=stage.NOON_NS)) == ""


def test_a_text_that_goes_on_behind_the_edge_ends_in_a_tilde() -> None:
    long = msgspec.structs.replace(stage.snapshot().nodes[0], reason="x" * 200)
    rows = draw(stage.scene(stage.snapshot(nodes=[long])), stage.ui(Name.HOME), SMALL, Keymap())
    (cut,) = [row for row in rows if "xxx" in plain(row)]
    assert width_of(cut) == SMALL.width
    assert plain(cut).endswith("~")


def test_a_value_that_nobody_wanted_stands_behind_a_dash() -> None:
    row = msgspec.structs.replace(
        proved.ORPHAN,
        object="a/b",
        kind="wrong_metadata",
        field="content-type",
        found="x",
        where="",
    )
    assert row_line(row).endswith("a/b: content-type -, found x")


def test_a_stray_pin_is_named_once() -> None:
    told = row_line(proved.ORPHAN)
    assert told.count(proved.ROOT) == 1
    assert told.endswith(": pin vgwm 9f2c1a7e 12")
