from __future__ import annotations

import pytest

from core.engine.crew.deaths import how_it_ended


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (-9, "killed by SIGKILL"),
        (-11, "killed by SIGSEGV"),
        (-77, "killed by signal 77"),
        (1, "exit 1"),
        (None, "nobody saw how"),
    ],
)
def test_an_end_is_said_by_its_signal(code: int | None, how: str) -> None:
    assert how_it_ended(code) == how
