"""Sets of tables in a SQLite file: listed, swapped in one transaction, dropped.

Every function runs on the writer's connection, in its transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.target import sqlite_statements as sql
from core.target.table_sets import Beside, renamings, sets_of

if TYPE_CHECKING:
    import sqlite3

    from core.target.profile import Profile


def names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables of the file."""
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return [str(name) for (name,) in rows]


def sets(connection: sqlite3.Connection, profile: Profile) -> list[Beside]:
    """Return the sets beside the tables in use."""
    return sets_of(profile, names(connection))


def swap(connection: sqlite3.Connection, profile: Profile, old: str) -> None:
    """Put the new set in the place of the tables in use; these become the set `old`.

    An index keeps its name when its table is renamed, and names are the file's: the index goes
    from the old table to the new one. Repeats safely.
    """
    steps = renamings(profile, names(connection), old=old)
    if not steps:
        return
    for shape in profile.tables:
        if shape.index:
            connection.execute(f"DROP INDEX IF EXISTS {shape.index.name}")
    for step in steps:
        connection.execute(f"ALTER TABLE {step.present} RENAME TO {step.wanted}")
    for shape in profile.tables:
        index = sql.create_index(shape)
        if index:
            connection.execute(index)


def drop(connection: sqlite3.Connection, profile: Profile, tag: str) -> None:
    """Remove the tables of a set; none of them is no error."""
    for found in sets(connection, profile):
        if found.tag == tag:
            for name in found.tables:
                connection.execute(f"DROP TABLE {name}")
