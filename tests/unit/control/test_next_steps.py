"""What an operator does next about what a verification found."""

from __future__ import annotations

import pytest

from core.control.proof.next_steps import next_steps
from core.control.wire.verify import IllCount
from tests.tui import proved


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"no_row": 2, "wrong_size": 1}, "next: mends 3: vgwm metadata repair --from R"),
        ({"no_row": 2, "orphan_row": 1}, "next: mends up to 3: vgwm metadata repair --from R"),
        ({"gone_at_source": 1}, "next: 1 gone_at_source: A round takes it off the target: "),
    ],
)
def test_no_more_is_promised_than_a_repair_does(kinds: dict[str, int], said: str) -> None:
    found = tuple(IllCount(name="extra", kind=kind, rows=rows) for kind, rows in kinds.items())
    (line,) = next_steps(proved.proof(kinds=found, folder="R"), ("extra",))
    assert line.startswith(said)
