"""What the tests of pins share: one bundle, and the patience of a test."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from core.dag.cid import text
from tests.fakes.bundles import bundle, contents
from tests.fakes.ipfs_contract import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = bundle(contents("pins", 3))
ROOT = text(SMALL.root)
LOST = replace(QUICK, post_again_s=0.4, absent_s=3)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - it waits for what happens in other threads
            await asyncio.sleep(0.01)
