"""Lists of a report, read back: a repair is planned over them, so nothing in them is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput
from core.verify.difference import Ill, Listed
from core.verify.list_files import contents_path, list_path
from core.verify.repair_plan import RepairPlan
from core.verify.report_reading import differences

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contents_path(tmp_path).parent.mkdir(parents=True, exist_ok=True)
    contents_path(tmp_path).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        '{"object":"photos/a","kind":"no_row","bundle":-5}',
        '{"object":"photos/a","kind":"no_row","bundle":9223372036854775808}',
        '{"object":"photos/a","kind":"no_row","bundle":"3"}',
        '{"object":"photos/%FF","kind":"no_row","bundle":3}',
        '{"object":"%FF/a","kind":"orphan_row"}',
        '{"object":"","kind":"no_row"}',
        '{"object":"photos/a","kind":"no_such"}',
        '{"object":"photos/a","kind":"no_row","bun',
        "",
    ],
)
def test_a_line_that_no_check_writes_is_named_by_its_number(folder: Path, line: str) -> None:
    good = b'{"object":"photos/a","kind":"no_row","bundle":3}\n'
    list_path(folder, Listed.MISSING).write_bytes(good + line.encode() + b"\n")
    with pytest.raises(BadInput, match="line 2 is no line of a list") as raised:
        list(differences(folder))
    assert raised.value.where.endswith("missing.ndjson")


def test_a_number_of_a_bundle_that_cannot_be_costs_no_memory(folder: Path) -> None:
    line = b'{"object":"photos/a","kind":"no_row","bundle":9000000000000000000}\n'
    list_path(folder, Listed.MISSING).write_bytes(line)
    plan = RepairPlan("9f2c1a7e")
    for one in differences(folder):
        plan.take(one)
    [step] = plan.steps
    assert list(step.bundles.behind(0)) == [9_000_000_000_000_000_000]


def test_what_the_source_alone_has_may_have_any_name(folder: Path) -> None:
    line = b'{"object":"photos/%FF","kind":"unread"}\n'
    list_path(folder, Listed.ERROR).write_bytes(line)
    assert [(one.ill, one.key) for one in differences(folder)] == [(Ill.UNREAD, b"\xff")]
