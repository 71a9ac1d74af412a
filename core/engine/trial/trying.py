"""The trial: copies a sample of the real source to the real nodes for a while, and measures.

    trial = await measure(workspace, knobs, folder, survey, limit_s=60.0)
    foretold = foretell(workspace, knobs, survey, trial)      # trial None: all is unknown

The sample goes the way of every bundle, through worker processes of its own, as many as the copy
will have. Its blocks stay on the nodes without a pin until their next collection of garbage; its
pins are withdrawn again. To a folder nothing is written: it is read, hashed and discarded.
May import the engine's workers, placements and planning, the source and the estimate.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.schema import IpfsTarget
from core.engine.settings import worker_setup
from core.engine.trial.carrying import Carried, carry
from core.engine.trial.pinning import MOST_PINS, TrialPin, measure_pins, withdraw_left
from core.engine.trial.recording import RowsMeasured, measure_rows
from core.engine.trial.sampling import Sample
from core.errors import VgwmError
from core.preflight.estimate import Estimate, estimate, load_of
from core.preflight.trial import Rate, Trial, rate_of
from core.target import profile as profiles

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.copying.placement import Placement
    from core.preflight.survey import Survey

TOO_FEW: Final = "the sample was too small to be measured"
STAYS: Final = (
    "the trial's blocks stay on the nodes, unpinned, until their next collection of garbage"
)
DISCARDED: Final = "to a folder: read and hashed, its disk was not written to"
NO_PINS: Final = "a folder has no pins"
PINS_SHARE: Final = 0.5
"""How long pins may be waited for, of the time that the copying had."""


async def measure(
    workspace: Workspace, knobs: Knobs, folder: Path, survey: Survey | None, *, limit_s: float
) -> Trial:
    """Measure for about limit_s, and half as long again for pins; what failed is in the trial.

    folder: of the workspace. survey: says where the sample lies. Cancelling ends its processes
    and withdraws its pins.
    """
    began_ns, began_s = time.time_ns(), time.monotonic()
    try:
        trial = await _measured(workspace, knobs, folder, survey, limit_s=limit_s)
    except VgwmError as error:
        trial = Trial(at_ns=began_ns, took_s=0.0, fault=f"{error.what}. {error.remedy}")
    took_s = time.monotonic() - began_s
    return msgspec.structs.replace(trial, at_ns=began_ns, took_s=took_s)


def foretell(workspace: Workspace, knobs: Knobs, survey: Survey, trial: Trial | None) -> Estimate:
    """Return how long the copy of all that was surveyed will take, by what a trial measured."""
    nodes = isinstance(workspace.target, IpfsTarget)
    copies = _copies(workspace) if trial is None else trial.copies
    if trial is not None and trial.fault:
        return Estimate(low_s=None, high_s=None, unknown=f"the trial: {trial.fault}", terms=())
    archive = workspace.versions == "archive"
    load = load_of(survey, knobs, copies=copies, pinned=nodes, archive=archive)
    return estimate(load, trial)


def _copies(workspace: Workspace) -> int:
    """Return the copies that were asked for, or one a node where the profile decides."""
    target = workspace.target
    if not isinstance(target, IpfsTarget):
        return 1
    return target.replication or len(target.kubo)


async def _measured(
    workspace: Workspace, knobs: Knobs, folder: Path, survey: Survey | None, *, limit_s: float
) -> Trial:
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    setup = await asyncio.to_thread(worker_setup, workspace, knobs, profile)
    sample = Sample(
        source=setup.source,
        starts=() if survey is None else survey.starts,
        archive_versions=setup.archive_versions,
    )
    target = workspace.target
    if not isinstance(target, IpfsTarget):
        discard = replace(setup, sink="discard")
        carried = await carry(workspace, knobs, discard, sample, None, limit_s=limit_s)
        rows = await measure_rows(workspace, profile, carried.rows, folder)
        return _trial(carried, copies=1, pins=None, pins_text=NO_PINS, rows=rows, nodes=False)
    from core.engine.copying.target_ipfs import open_ipfs  # noqa: PLC0415 - a directory needs no HTTP

    placement = await open_ipfs(target, knobs, f"trial-{workspace.id}")
    try:
        await placement.start()
        await withdraw_left(folder, placement)
        carried = await carry(workspace, knobs, setup, sample, placement, limit_s=limit_s)
        pins, why = await _pins(folder, placement, carried, limit_s=limit_s * PINS_SHARE)
        copies = placement.replication
    finally:
        await placement.close()
    rows = await measure_rows(workspace, profile, carried.rows, folder)
    return _trial(carried, copies=copies, pins=pins, pins_text=why, rows=rows, nodes=True)


async def _pins(
    folder: Path, placement: Placement, carried: Carried, *, limit_s: float
) -> tuple[Rate | None, str]:
    """Return the rate of pins, or why there is none: the rest of the trial stands without it."""
    some: list[TrialPin] = carried.pins[:MOST_PINS]
    try:
        rate = await measure_pins(folder, placement, some, limit_s=limit_s)
    except VgwmError as error:
        return None, error.what
    return rate, f"{len(some)} at once in the trial" if rate else TOO_FEW


def _trial(  # noqa: PLR0913 - the parts of one trial, named
    carried: Carried,
    *,
    copies: int,
    pins: Rate | None,
    pins_text: str,
    rows: RowsMeasured,
    nodes: bool,
) -> Trial:
    sent = rate_of(carried.sent, carried.began_s)
    objects = rate_of(carried.read, carried.began_s)
    text = carried.fault or TOO_FEW
    return Trial(
        at_ns=0,
        took_s=0.0,
        objects=carried.objects,
        size_bytes=carried.size_bytes,
        bundles=carried.bundles,
        copies=copies,
        bytes_rate=sent,
        objects_rate=objects,
        pins_rate=pins,
        rows_rate=rows.rate,
        bytes_text=("" if nodes else DISCARDED) if sent else text,
        objects_text="" if objects else text,
        pins_text=pins_text,
        rows_text=rows.text,
        left=STAYS if nodes and carried.bundles else "",
    )
