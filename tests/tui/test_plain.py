"""Every figure that a screen shows is in `--plain`, too."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.cli.proof_lines import bytes_line, proof_lines
from core.control import facts
from core.control.client import Client
from core.control.server import build_app
from core.control.wire import verify as wire_verify
from tests.tui import proved
from tests.tui.engine import LiveDesk
from tests.tui.test_verify_views import verify, with_proofs
from tests.tui.test_views import CASES, LARGE, SMALL, drawn

if TYPE_CHECKING:
    from tui.views.line import Size

FIGURE = re.compile(r"[A-Za-z0-9.,:%/_-]*\d[A-Za-z0-9.,:%/_-]*")

SCREENS = [
    "home-copying",
    "home-failed",
    "home-planning",
    "log-listed",
    "migrate-copied",
    "migrate-copying",
    "migrate-planning",
    "migrate-stalled",
]
TITLE_ROWS = 1
"""The title's figures are the screen's own: its byte rate, the age of the engine's answer."""


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("case", SCREENS)
def test_a_screen_knows_nothing_that_plain_does_not(case: str, size: Size) -> None:
    scene, ui = CASES[case]
    assert scene.snapshot is not None
    plain = "\n".join(facts.line(fact) for fact in facts.facts(scene.snapshot))
    body = "\n".join(drawn(scene, ui, size).splitlines()[TITLE_ROWS:])
    figures = set(FIGURE.findall(body))
    assert figures
    assert sorted(figure for figure in figures if figure not in plain) == []


PROOFS = {
    "found": proved.FOUND,
    "unpinned": proved.UNPINNED,
    "clean": proved.CLEAN,
    "whole": proved.WHOLE,
}
PROOF_ROWS = 3
"""The rows over the counts: which proof it is, how long it took, how old it is."""


class ViewsDesk(LiveDesk):
    """An engine whose lists are empty: their rows are no figures."""

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        return wire_verify.View(job=15, name=query.name, at=query.at, total=0, rows=[])


@pytest.mark.parametrize("case", PROOFS)
async def test_verify_shows_no_count_that_the_command_does_not_print(case: str) -> None:
    async with Client(build_app(ViewsDesk())) as client:
        plain = "\n".join(await proof_lines(client, PROOFS[case], "posix:/data"))
    rows = drawn(with_proofs(PROOFS[case]), verify(), SMALL).splitlines()[TITLE_ROWS + PROOF_ROWS :]
    # the bound is rounded up here, and what `--full` would take is this screen's own estimate
    body = "\n".join(re.sub("at most .* bad|about .*|, in .*", "", row) for row in rows)
    figures = {figure for figure in FIGURE.findall(body) if "/" not in figure}
    strata = {part for found in re.findall(r"[\d,]+/[\d,]+", body) for part in found.split("/")}
    assert figures
    assert sorted(found for found in figures | strata if found not in plain) == []


async def test_i7_what_an_endpoint_s_listing_does_not_show_is_told_on_both() -> None:
    source = "s3:http://127.0.0.1:7070"
    async with Client(build_app(ViewsDesk())) as client:
        plain = "\n".join(await proof_lines(client, proved.CLEAN, source))
    assert "not seen: tags, metadata and locks that changed at the source" in plain
    assert "vgwm sync --full" in plain
    now = with_proofs(proved.CLEAN)
    assert now.snapshot is not None
    workspace = msgspec.structs.replace(now.snapshot.workspace, source=source)
    here = replace(now, snapshot=msgspec.structs.replace(now.snapshot, workspace=workspace))
    assert "unseen    ? changed tags, metadata, locks" in drawn(here, verify(), SMALL)
    assert "unseen" not in drawn(now, verify(), SMALL)


def test_a_bad_block_that_no_object_needs_is_no_whole_proof_of_bytes() -> None:
    assert bytes_line(proved.WHOLE).endswith("every byte hashes to its CID")
    bad = (wire_verify.IllCount(name="differ", kind="bad_bytes", rows=1),)
    said = bytes_line(msgspec.structs.replace(proved.WHOLE, kinds=bad))
    assert "every byte" not in said
    assert said.endswith("0 objects bad, and 1 fault in other blocks of bundles")
