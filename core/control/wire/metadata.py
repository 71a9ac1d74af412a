"""The wire types of `metadata repair`: what would be done about what was found.

A check is a job of kind `check`; what it found is a proof with lists (`core.control.wire.verify`).
A repair is planned (`POST /v1/repairs`), shown, and then begun as a job of kind `repair` whose args
are {"plan": hash} (I8). Counts are by kind of what is wrong (`core.verify.difference.Ill`).
"""

from __future__ import annotations

from core.control.wire import state as wire


class RepairRequest(wire.Wire, frozen=True, kw_only=True):
    """`POST /v1/repairs`: what is to be mended; nothing is done yet.

    report: folder of a check or of a verification, empty for the newest check. unpin: roots of
    orphan pins that may go, by name: no other pin is ever removed.
    """

    actor: str
    report: str = ""
    unpin: tuple[str, ...] = ()


class RepairStep(wire.Wire, frozen=True, kw_only=True):
    """A step of a repair. deed: what is done, one word; kinds: the differences that it ends.

    objects: rows, keys or pins that it writes or removes; bundles: those that it sends or pins.
    """

    deed: str
    text: str
    kinds: dict[str, int]
    objects: int
    bundles: int


class RepairLeft(wire.Wire, frozen=True, kw_only=True):
    """Differences that a repair leaves alone, and what ends them instead."""

    kind: str
    count: int
    remedy: str


class RepairPlan(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/repairs/N`: what would be done, in order, and the hash that a job must carry (I8).

    state: making, made, failed. seen: differences read so far. report: the folder that it is of.
    orphans: up to 100 roots of orphan pins, which only their names remove. command: what confirms.
    partial: the report ended early, and says nothing of what was not looked at by then.
    """

    id: int
    state: str
    seen: int = 0
    hash: str = ""
    report: str = ""
    steps: tuple[RepairStep, ...] = ()
    left: tuple[RepairLeft, ...] = ()
    orphans: tuple[str, ...] = ()
    command: str = ""
    partial: bool = False
    error: wire.ErrorBody | None = None
