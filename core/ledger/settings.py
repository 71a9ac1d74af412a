"""Single values: whose ledger this is, its epoch, knobs, and the stored plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import Broken, ForeignPlan
from core.ledger.connection import LEDGER_NAME
from core.ledger.rows import KnobRow, LedgerIdentity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    MetaValue = str | int | bytes

PLAN: Final = "plan"
EPOCH: Final = "epoch"
_WORKSPACE: Final = "workspace"
_DEV: Final = "source_dev"
_INO: Final = "source_ino"
_PROFILE: Final = "profile"


def get_meta(conn: sqlite3.Connection, key: str) -> MetaValue | None:
    """Return a value, None if it was never set."""
    row: tuple[MetaValue] | None = conn.execute("SELECT v FROM meta WHERE k=?", (key,)).fetchone()
    return None if row is None else row[0]


def set_meta(conn: sqlite3.Connection, key: str, value: MetaValue) -> None:
    """Set a value."""
    conn.execute(
        "INSERT INTO meta(k,v) VALUES(?,?) ON CONFLICT(k) DO UPDATE SET v=excluded.v", (key, value)
    )


def write_identity(conn: sqlite3.Connection, identity: LedgerIdentity) -> None:
    """Store whose ledger this is, once."""
    set_meta(conn, _WORKSPACE, identity.workspace)
    # As text: device and inode numbers may need all 64 bits, SQLite's integers have a sign.
    set_meta(conn, _DEV, str(identity.source_dev))
    set_meta(conn, _INO, str(identity.source_ino))
    set_meta(conn, _PROFILE, identity.profile)
    set_meta(conn, EPOCH, 0)


def identity(conn: sqlite3.Connection) -> LedgerIdentity:
    """Return whose ledger this is."""
    return LedgerIdentity(
        workspace=str(get_meta(conn, _WORKSPACE)),
        source_dev=int(get_meta(conn, _DEV) or 0),
        source_ino=int(get_meta(conn, _INO) or 0),
        profile=str(get_meta(conn, _PROFILE)),
    )


def require_workspace(conn: sqlite3.Connection, wanted: LedgerIdentity) -> None:
    """Raise ForeignPlan if the ledger is another workspace's."""
    seen = identity(conn).workspace
    if seen != wanted.workspace:
        raise ForeignPlan(
            what=f"the ledger belongs to workspace {seen}, vgwm.yaml says {wanted.workspace}",
            where=LEDGER_NAME,
            remedy="Put the workspace's own vgwm.yaml and ledger.db together again.",
        )


def begin_epoch(conn: sqlite3.Connection, above: int) -> int:
    """Count one engine start; return the epoch, which no engine had before.

    above: an epoch that was seen elsewhere; a ledger that was restored does not know of it.
    """
    row: tuple[int] | None = conn.execute(
        "UPDATE meta SET v=max(v,?)+1 WHERE k=? RETURNING v", (above, EPOCH)
    ).fetchone()
    if row is None:
        raise Broken(what="the ledger has no epoch", where=LEDGER_NAME, remedy="")
    return row[0]


def set_knobs(conn: sqlite3.Connection, values: Mapping[str, str], actor: str, now_ns: int) -> None:
    """Set knobs, all or none."""
    conn.executemany(
        "INSERT INTO knobs(name,val,actor,ts) VALUES(?,?,?,?) ON CONFLICT(name) DO UPDATE"
        " SET val=excluded.val,actor=excluded.actor,ts=excluded.ts",
        [(name, value, actor, now_ns) for name, value in values.items()],
    )


def knobs(conn: sqlite3.Connection) -> list[KnobRow]:
    """Return the knobs that somebody set."""
    return [
        KnobRow(name=name, value=value, actor=actor, set_ns=ts)
        for name, value, actor, ts in conn.execute("SELECT name,val,actor,ts FROM knobs")
    ]
