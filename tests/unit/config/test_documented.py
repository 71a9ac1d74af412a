"""Every piece of vgwm.yaml in the papers can be pasted: it is YAML, and what the engine takes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import yaml

from core.config.workspace import dump, parse

DOCS: Final = Path(__file__).parents[3] / "docs"
PLAIN: Final = """\
v: 1
id: "9f2c1a7e"
source: {type: posix, path: /data/gw}
target: {type: dir, path: /out}
"""
PARTS: Final = frozenset({"gateways", "traffic", "cutover", "metrics", "knobs"})


def blocks() -> list[tuple[str, str]]:
    """Return each piece, and where it stands."""
    found = []
    for path in sorted(DOCS.glob("*.md")):
        pieces = path.read_text().split("```yaml\n")[1:]
        found += [(f"{path.name}-{n}", piece.partition("```")[0]) for n, piece in enumerate(pieces)]
    return [(name, text) for name, text in found if _is_ours(text)]


def _is_ours(text: str) -> bool:
    return text.startswith("v: 1\n") or text.partition(":")[0].strip() in PARTS


BLOCKS: Final = blocks()


def test_the_papers_of_a_cutover_have_pieces() -> None:
    papers = {name.rpartition("-")[0] for name, _ in BLOCKS}
    assert {"workspace.md", "fence.md", "traffic.md", "reverse.md", "rollback.md"} <= papers


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_a_piece_of_the_papers_is_taken_as_it_stands(name: str, text: str) -> None:
    assert set(yaml.safe_load(text)) & PARTS, name
    workspace = parse(text if text.startswith("v: 1\n") else PLAIN + text)
    assert parse(dump(workspace)) == workspace


def test_the_whole_example_names_what_a_cutover_needs() -> None:
    whole = parse(next(text for name, text in BLOCKS if name == "workspace.md-0"))
    assert {one.side for one in whole.gateways} == {"blue", "green"}
    assert whole.traffic.haproxy
    assert whole.cutover.private_writer is not None
    assert whole.cutover.slices
