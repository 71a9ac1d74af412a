"""The plan as `/v1` tells it."""

from __future__ import annotations

from msgspec import field

from core.control.wire.state import Wire


class PlanStep(Wire, frozen=True, kw_only=True):
    """A step of the plan's strategy. jobs: the commands that carry it, in order."""

    text: str
    jobs: list[str] = field(default_factory=list)


class Plan(Wire, frozen=True, kw_only=True):
    """The stored plan: `GET /v1/plan`.

    own_slices: its own command names them, and a cutover goes by them unless vgwm.yaml names some.
    steps, costs: its strategy spelled out with its figures; not stored, and not of the hash.
    """

    id: str
    hash: str
    strategy: str
    source: str
    target: str
    profile: str
    replication: int | None
    made_ns: int
    complete: bool
    buckets: int
    objects: int
    size_bytes: int
    bundles: int
    versions: int
    markers: int
    skipped: int
    histogram: list[tuple[str, int, int]]  # class label, objects, bytes
    unrepresentable: dict[str, int]
    cid_profile: str
    slices: list[tuple[str, list[str]]] = field(
        default_factory=list
    )  # name, buckets; none: all at once
    own_slices: bool = False
    steps: list[PlanStep] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)
