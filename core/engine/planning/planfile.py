"""The plan as it is shown, stored and written to plan.json. Pure but for the atomic write.

Its hash is the SHA-256 of what does not move by itself, in canonical JSON; 8 hex digits are shown.
May import config, dag's canonical JSON and the ledger's counters.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.config.slices import REST
from core.dag.canonical import dumps
from core.display import safe, size
from core.ledger.counters import SIZE_BOUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import Workspace
    from core.config.slices import Slices
    from core.ledger.counters import Counters

MOVING = frozenset({"made_ns", "hash"})


def plan_document(  # noqa: PLR0913 - keyword-only, each a thing of its own
    workspace: Workspace,
    counters: Counters,
    *,
    buckets: int,
    strategy: str,
    cid_profile: str,
    slices: Slices,
    own_slices: bool,
    replication: int | None,
    made_ns: int,
) -> bytes:
    """Return the plan as canonical JSON, with the members of `core.control.wire.state.Plan`.

    own_slices: they are named by the plan's own command, not by vgwm.yaml.
    """
    body: dict[str, object] = {
        "id": workspace.id,
        "source": safe(workspace.source.label),
        "target": safe(workspace.target.label),
        "profile": workspace.target.profile,
        "replication": replication,
        "made_ns": made_ns,
        "complete": dict(counters.classes).get("unreadable", 0) == 0,
        "buckets": buckets,
        "objects": counters.objects,
        "size_bytes": counters.size_bytes,
        "bundles": counters.bundles,
        "versions": counters.versions,
        "markers": counters.markers,
        "skipped": counters.skipped,
        "histogram": histogram(counters),
        "unrepresentable": dict(counters.classes),
        "cid_profile": cid_profile,
        **_course(strategy, slices, own=own_slices),
    }
    return _hashed(body)


def with_course(stored: bytes, *, strategy: str, slices: Slices, own_slices: bool) -> bytes:
    """Return a stored plan with another strategy and other slices; its walk is the same."""
    return _hashed({**json.loads(stored), **_course(strategy, slices, own=own_slices)})


def strategy_of(stored: bytes | None) -> str:
    """Return the strategy that a plan names, "" without a plan."""
    return str(json.loads(stored or b"{}").get("strategy", ""))


def own_slices(stored: bytes | None) -> Slices:
    """Return the slices that a plan names itself; none where vgwm.yaml named them, or nobody."""
    body = json.loads(stored or b"{}")
    if not body.get("own_slices"):
        return {}
    return {name: tuple(each) for name, each in body["slices"] if name != REST}


def _course(strategy: str, slices: Slices, *, own: bool) -> dict[str, object]:
    return {
        "strategy": strategy,
        "slices": [[name, [safe(bucket) for bucket in each]] for name, each in slices.items()],
        "own_slices": own,
    }


def _hashed(body: dict[str, object]) -> bytes:
    fixed = {name: value for name, value in body.items() if name not in MOVING}
    body["hash"] = sha256(dumps(fixed).encode()).hexdigest()[:8]
    return dumps(body).encode()


def histogram(counters: Counters) -> list[tuple[str, int, int]]:
    """Return (class, objects, bytes) of the size classes that hold something."""
    labels = [f"<= {size(bound)}" if bound else "empty" for bound in SIZE_BOUNDS]
    labels.append(f"> {size(SIZE_BOUNDS[-1])}")
    pairs = zip(labels, counters.histogram, strict=True)
    return [(label, objects, size_bytes) for label, (objects, size_bytes) in pairs if objects]


def write_plan(path: Path, document: bytes) -> None:
    """Write plan.json whole or not at all."""
    write_text(path, document.decode() + "\n")
