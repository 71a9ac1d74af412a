"""A fresh ledger with one bucket for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    made = await scene.opened(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def bucket(ledger: Ledger) -> int:
    (bucket_id,) = await ledger.add_buckets([(b"photos", "{}")])
    return bucket_id
