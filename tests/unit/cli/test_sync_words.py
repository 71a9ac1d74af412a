"""What `vgwm sync --dry-run` says of deletes."""

from __future__ import annotations

import pytest

from core.cli.sync import _deletes


@pytest.mark.parametrize(("objects", "asks"), [(1000, False), (1001, True)])
def test_i8_a_dry_run_says_whether_a_round_would_stop_before_it_deletes(
    objects: int, *, asks: bool
) -> None:
    assert ("would stop there and ask: at most 1,000" in _deletes(objects, 1000)) is asks
