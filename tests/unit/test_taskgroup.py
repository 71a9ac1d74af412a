"""A group of tasks whose child failed leaves no trace of it in the task that waited."""

from __future__ import annotations

import asyncio

import pytest

from core.taskgroup import TaskGroup


async def _fails(after: asyncio.Event) -> None:
    await after.wait()
    raise ValueError


async def _group(*, while_waiting: bool) -> None:
    """Let a child fail in the group's body, or while its end is waited for."""
    go = asyncio.Event()
    async with TaskGroup() as group:
        group.create_task(_fails(go))
        group.create_task(asyncio.Event().wait())
        if while_waiting:
            asyncio.get_running_loop().call_soon(go.set)
            return
        go.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("while_waiting", [False, True])
async def test_a_failed_child_leaves_no_cancellation_behind(*, while_waiting: bool) -> None:
    with pytest.raises(ExceptionGroup):
        await _group(while_waiting=while_waiting)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_timeout_behind_a_failed_group_is_a_timeout() -> None:
    """As of Python 3.11.2, where it was a cancellation, and ended jobs that were only held."""
    with pytest.raises(ExceptionGroup):
        await _group(while_waiting=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_a_cancellation_from_outside_is_kept() -> None:
    began = asyncio.Event()

    async def stubborn() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            raise ValueError

    async def parent() -> int:
        try:
            async with TaskGroup() as group:
                group.create_task(stubborn())
        except ExceptionGroup:
            pass
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = asyncio.create_task(parent())
    await began.wait()
    task.cancel()
    assert await task == 1
