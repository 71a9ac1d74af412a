"""Writes under way: begun in order, bounded, and a failure stops what feeds them."""

from __future__ import annotations

import asyncio

import pytest

from core.engine.planning.pipeline import Pipeline


async def test_writes_begin_in_order_and_no_more_than_the_depth_are_under_way() -> None:
    begun: list[int] = []
    gate = asyncio.Semaphore(0)
    ended = 0

    async def write(number: int) -> None:
        begun.append(number)
        await gate.acquire()

    def done() -> None:
        nonlocal ended
        ended += 1

    async with Pipeline(2, done) as pipeline:
        await pipeline.put(write(0))
        await pipeline.put(write(1))
        third = asyncio.create_task(pipeline.put(write(2)))
        for _ in range(3):
            await asyncio.sleep(0)
        assert begun == [0, 1]
        gate.release()
        await third
        gate.release()
        gate.release()
    assert begun == [0, 1, 2]
    assert ended == 3


async def test_a_failed_write_comes_out_of_the_block() -> None:
    async def fail() -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        async with Pipeline(4, lambda: None) as pipeline:
            await pipeline.put(fail())
