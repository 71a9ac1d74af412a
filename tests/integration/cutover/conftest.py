"""What asks both sides of a cutover, with an account that every side takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover.door import asking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.door import Asker


@pytest.fixture
async def asker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asker]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE00000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")
    async with asking(limit_s=1.0) as opened:
        yield opened
