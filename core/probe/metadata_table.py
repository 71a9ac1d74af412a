"""The object table, opened for one question and let go again on every path."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import NoAnswer, VgwmError
from core.probe.probe import Finding
from core.target import profile as profiles
from core.target.open_table import absent_file, open_target_table, table_spec
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import Workspace
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

INIT: Final = "Run vgwm target init."
NO_TABLE: Final = Finding(Verdict.PASS, "there is no table yet: vgwm target init makes it")


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table and the profile that it should have."""

    rows: ObjectTable
    profile: Profile

    async def absent(self) -> Finding | None:
        """Say that no table of the profile is there; None if one is."""
        names = {shape.name for shape in self.profile.tables}
        found = await self.rows.check()
        gone = {one.subject for one in found if one.verdict == "fail" and one.subject in names}
        return NO_TABLE if gone == names else None


async def there(workspace: Workspace) -> bool:
    """Say whether opening the table would find a database: it would make an absent file."""
    return await asyncio.to_thread(absent_file, table_spec(workspace)) is None


@asynccontextmanager
async def opened(workspace: Workspace) -> AsyncIterator[OpenTable]:
    """Open the table and close it again. Raises NoAnswer, also where we are not let in.

    That is the row `connect`'s to judge; to every other question there is no answer then.
    """
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    try:
        table = await open_target_table(workspace, profile)
    except NoAnswer:
        raise
    except VgwmError as error:
        raise NoAnswer(
            what=f"not asked: {error.what}", where=error.where, remedy="See the row connect."
        ) from error
    try:
        yield OpenTable(table, profile)
    finally:
        await table.close()
