"""A slice at green, and no wait that takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover import drain
from core.engine.returning import fencing_green, switching_back
from tests.integration.returning.ground import World, flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with flipped(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is tried again be tried at once, and what is given up on be given up soon."""
    monkeypatch.setattr(drain, "STILL_S", 0.01)
    monkeypatch.setattr(drain, "_EVERY_S", 0.005)
    monkeypatch.setattr(fencing_green, "OPEN_S", 0.3)
    monkeypatch.setattr(switching_back, "_FIRST_S", 0.01)
