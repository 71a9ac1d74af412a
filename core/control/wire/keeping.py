"""The wire types of `metadata backup`, `restore`, `rebuild`: what is done to the object table.

Restore, rebuild and the dropping of old tables are planned (`POST /v1/keepings`), shown, and begun
as a job whose args are {"plan": hash} (I8). A backup changes nothing and needs no plan: a job of
kind `backup` with args {"output": PATH, "force": "1"}.
"""

from __future__ import annotations

from core.control.wire import state as wire


class KeepingRequest(wire.Wire, frozen=True, kw_only=True):
    """`POST /v1/keepings`: what is wanted; nothing is done yet.

    act: backup, restore, rebuild, drop. file: of a restore, absolute. origin: of a rebuild: ledger,
    manifests, pins, or an absolute folder of CAR files.
    """

    actor: str
    act: str
    file: str = ""
    origin: str = ""


class TableSet(wire.Wire, frozen=True, kw_only=True):
    """Tables beside those in use. tag: what their names end in. rows: of the object table."""

    tag: str
    tables: tuple[str, ...]
    rows: int


class KeepingPlan(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/keepings/N`: what would be done, and the hash that a job must carry (I8).

    state: making, made, failed. kind: of the job that does it. table: where the object table is.
    rows, buckets: what it would come to hold; None where that is not known before it is made.
    present: rows that the object table holds now, None where there is no such table. bundles: how
    many are read. sets: tables beside those in use. command: what confirms.
    """

    id: int
    act: str
    kind: str
    state: str
    hash: str = ""
    table: str = ""
    origin: str = ""
    rows: int | None = None
    buckets: int | None = None
    present: int | None = None
    bundles: int | None = None
    sets: tuple[TableSet, ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = ""
    error: wire.ErrorBody | None = None
