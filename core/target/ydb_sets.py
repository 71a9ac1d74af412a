"""Sets of tables in a YDB directory: listed, and renamed in one transaction.

RenameTables runs its renames in the order given, all or none; ALTER TABLE RENAME would commit each
by itself. Source: YDB's pages on `tools rename` and on ALTER TABLE. An index goes with its table.
Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ydb

from core.target.table_sets import renamings
from core.target.ydb_client import CALL, DDL

if TYPE_CHECKING:
    from core.target.profile import Profile
    from core.target.ydb_client import YdbClient


async def names(client: YdbClient, root: str) -> list[str]:
    """Return the names of the tables in a directory; none if it is not there."""

    async def attempt() -> list[str]:
        try:
            listed = await client.driver.scheme_client.list_directory(root, CALL)
        except ydb.issues.SchemeError:
            return []
        return [str(entry.name) for entry in listed.children if entry.is_any_table()]

    return await client.call(attempt)


async def swap(client: YdbClient, root: str, profile: Profile, old: str) -> None:
    """Put the new set in the place of the tables in use; these become the set `old`.

    Each try looks first: one whose answer was lost has maybe done it.
    """

    async def attempt() -> None:
        steps = renamings(profile, await names(client, root), old=old)
        if not steps:
            return
        items = [
            ydb.RenameItem(f"{root}/{step.present}", f"{root}/{step.wanted}") for step in steps
        ]
        session = await client.driver.table_client.session().create(CALL)
        try:
            await session.rename_tables(items, DDL)
        finally:
            await session.delete(CALL)

    await client.call(attempt)
