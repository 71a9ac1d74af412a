"""Work is done to its end, however often its task is told to end."""

from __future__ import annotations

import asyncio

import pytest

from core.probe.to_end import to_end


async def test_what_the_work_returns_or_raises_comes_through() -> None:
    async def seven() -> int:
        return 7

    async def fails() -> int:
        raise ConnectionResetError

    assert await to_end(seven()) == 7
    with pytest.raises(ConnectionResetError):
        await to_end(fails())


async def test_cancelled_twice_the_work_is_done_and_the_cancelling_is_not_lost() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    done = []

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.append(True)

    task = asyncio.create_task(to_end(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done
