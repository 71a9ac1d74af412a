"""Pins of a trial: posted and waited for as a copy does, then withdrawn, also after a crash.

Their roots are on disk before the first is posted: what a killed trial left is withdrawn by the
next one.
May import the placement, the CIDs and the configuration's writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.config.atomic import write_text
from core.dag import cid as cids
from core.errors import VgwmError
from core.preflight.trial import Done, Rate, whole_rate_of
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.copying.placement import Placement
    from core.model import Cid

FILE: Final = "trial-pins.json"
"""Beside the ledger: the roots that a trial pins, gone when they are withdrawn."""

MOST_PINS: Final = 64
WITHDRAW_S: Final = 30.0


class TrialPin(NamedTuple):
    """A bundle that the trial carried. peers: those that are to hold it."""

    bundle: int
    root: Cid
    car_bytes: int
    peers: tuple[str, ...]


async def withdraw_left(folder: Path, placement: Placement) -> int:
    """Withdraw what a killed trial left pinned; return how many there were. Raises VgwmError."""
    path = folder / FILE
    if not path.exists():
        return 0
    roots = msgspec.json.decode(path.read_bytes(), type=list[str])
    await _withdraw(placement, [cids.parse(root) for root in roots])
    path.unlink(missing_ok=True)
    return len(roots)


async def measure_pins(
    folder: Path, placement: Placement, pins: list[TrialPin], *, limit_s: float
) -> Rate | None:
    """Pin all at once for up to limit_s, and return the rate; every pin is withdrawn again.

    Raises VgwmError where the cluster does not take a pin, or does not let one go.
    """
    if not pins:
        return None
    path = folder / FILE
    write_text(path, msgspec.json.encode([cids.text(pin.root) for pin in pins]).decode())
    done: list[Done] = []
    began_s = time.monotonic()

    async def pin(one: TrialPin) -> None:
        await placement.pin(one.bundle, one.root, one.car_bytes, one.peers)
        done.append(Done(time.monotonic(), 1.0))

    watching = asyncio.create_task(placement.watch(), name="trial's pins")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s), TaskGroup() as group:
                for one in pins:
                    group.create_task(pin(one), name=f"trial pin {one.bundle}")
    except* VgwmError as faults:
        raise faults.exceptions[0] from None
    finally:
        try:
            await _withdraw(placement, [one.root for one in pins])
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        path.unlink(missing_ok=True)
    return whole_rate_of(done, began_s)


async def _withdraw(placement: Placement, roots: list[Cid]) -> None:
    """Take all pins back at once. Raises what the first refusal says."""
    async with asyncio.timeout(WITHDRAW_S):
        told = await asyncio.gather(
            *(placement.withdraw(root) for root in roots), return_exceptions=True
        )
    for one in told:
        if isinstance(one, VgwmError):
            raise one
