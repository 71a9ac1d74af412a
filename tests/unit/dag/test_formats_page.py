from __future__ import annotations

import re
from pathlib import Path

from core.dag.car import NO_ROOTS, ONE_ROOT_BYTES
from core.dag.manifest import Manifest

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")


def fenced(kind: str) -> str:
    found = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_pages_manifest_is_one() -> None:
    text = fenced("ndjson")
    manifest = Manifest.parse(text)
    assert manifest.text() == text
    assert [entry.marker for entry in manifest.entries] == [False, True]


def test_the_pages_header_is_ours() -> None:
    assert bytes.fromhex(fenced("hex")) == NO_ROOTS
    assert f"its header is {ONE_ROOT_BYTES} bytes long" in PAGE


def test_the_page_has_one_sentence_a_line() -> None:
    prose = [line for line in PAGE.splitlines() if line[:1].isalpha()]
    assert [line for line in prose if re.search(r"[a-z`]\. [A-Z]", line)] == []
