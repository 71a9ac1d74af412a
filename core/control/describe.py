"""A workspace's configuration as the wire shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.config.knobs import SPECS
from core.config.schema import IpfsTarget
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.display import safe

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace


def workspace_of(path: Path, workspace: Workspace) -> wire.Workspace:
    """Return what a workspace joins; plan and buckets are the ledger's to add."""
    target = workspace.target
    table, copies = f"sqlite beside {target.label}", None
    if isinstance(target, IpfsTarget):
        table, copies = target.table, target.replication
    return wire.Workspace(
        id=workspace.id,
        name=safe(path.name),
        path=safe(str(path)),
        source=safe(workspace.source.label),
        target=safe(target.label),
        table=safe(table),
        profile=safe(target.profile),
        replication=copies,
    )


def with_plan(known: wire.Workspace, plan: wire_plan.Plan | None, buckets: int) -> wire.Workspace:
    """Return a workspace with what its ledger knows."""
    if plan is None:
        return msgspec.structs.replace(known, buckets=buckets)
    return msgspec.structs.replace(
        known,
        planned=True,
        plan_hash=plan.hash,
        replication=plan.replication,
        buckets=buckets,
    )


def knobs_of(values: Knobs) -> list[wire.Knob]:
    """Return every knob with its value; who set it is the ledger's to add."""
    return [
        wire.Knob(
            name=spec.name,
            value=values.text(spec.name),
            default=spec.default,
            bounds=spec.kind.bounds,
            effect=spec.use,
        )
        for spec in SPECS
    ]
