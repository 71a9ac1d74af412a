"""What may be in flight: bundles, bytes, pins; nothing is let in beyond a bound."""

from __future__ import annotations

import asyncio

from core.engine.copying.window import PER_WORKER, Window


async def test_bytes_hold_the_next_bundle_until_one_has_left() -> None:
    window = Window(workers=4, inflight_bytes=100, pin_inflight=8)
    await window.enter(60)
    waiting = asyncio.create_task(window.enter(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert window.copying_bytes == 60
    window.copied(60)
    await waiting
    assert window.copying_bytes == 60


async def test_a_bundle_above_the_bound_is_let_in_alone() -> None:
    window = Window(workers=4, inflight_bytes=100, pin_inflight=8)
    await window.enter(1_000)
    assert window.full_of() == "memory"


async def test_pins_bound_what_is_copied_and_not_recorded() -> None:
    window = Window(workers=1, inflight_bytes=1 << 30, pin_inflight=1)
    for _ in range(PER_WORKER + 1):
        await window.enter(1)
        window.copied(1)
    waiting = asyncio.create_task(window.enter(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    async with window.pins:
        assert window.full_of() == "pins: 1 of 1"
    window.leave()
    await waiting


async def test_a_wider_bound_holds_at_once() -> None:
    window = Window(workers=1, inflight_bytes=10, pin_inflight=8)
    await window.enter(10)
    waiting = asyncio.create_task(window.enter(10))
    await asyncio.sleep(0)
    window.resize(workers=1, inflight_bytes=20)
    await waiting
    assert window.copying == 2
