"""What an act on the whole object table would do, as the world stands; nothing is written.

May import the ledger and the target.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.display import count, safe
from core.engine.keeping.manifests import open_manifests
from core.engine.keeping.others import taken_away
from core.engine.keeping.wish import Act, KeepingFacts, Origin, SetFacts
from core.errors import BadInput, Denied, NoPlan, VgwmError, WrongState
from core.model import ENDED, JobKind, ObjectState
from core.target import profile as profiles
from core.target.backup_file import BackupReader
from core.target.open_table import absent_file, open_target_table, table_spec
from core.target.schema_check import ABSENT_TABLE
from core.target.table_sets import NEW

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.engine.keeping.wish import Wish
    from core.ledger.reading import LedgerReader
    from core.target.backup_file import BackupFacts
    from core.target.objects import ObjectTable
    from core.target.profile import Profile


class Look:
    """Looks at one workspace. backups: files that were read, by what the disk says of them."""

    def __init__(self, ledger: LedgerReader, workspace: Workspace) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._backups: dict[tuple[str, int, int, int, int], BackupFacts] = {}

    async def at(self, wish: Wish, *, warns: bool) -> KeepingFacts:
        """Return what the act would do. warns: also look for others' rows that it takes away.

        Raises BadInput, Denied, NoPlan, WrongState, and what servers say.
        """
        await self._require_alone(wish)
        workspace = self._workspace
        profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
        if wish.act is Act.RESTORE:
            kept = await asyncio.to_thread(self._backup, Path(wish.file), profile)
            facts = KeepingFacts(
                table="", rows=kept.objects, buckets=kept.buckets, digest=kept.sha256
            )
        elif wish.act is Act.REBUILD:
            facts = await self._origin(wish)
        else:
            facts = KeepingFacts(table="")
        facts = await self._table(facts, profile)
        if wish.act is Act.RESTORE and warns and facts.present:
            told = await self._others(Path(wish.file), profile)
            facts = replace(facts, warnings=(*facts.warnings, *told))
        if wish.act is Act.DROP and not facts.sets:
            raise BadInput(
                what="there are no old tables",
                where=facts.table,
                remedy="There is nothing to drop.",
            )
        return facts

    async def _require_alone(self, wish: Wish) -> None:
        """Raise WrongState while a job is at work that makes new tables: they are not left over."""
        if wish.act is Act.BACKUP:
            return
        for kind in (JobKind.RESTORE, JobKind.REBUILD):
            job = await self._ledger.newest_job(kind)
            if job is not None and job.state not in ENDED:
                raise WrongState(
                    what=f"job {job.id} ({kind}) is {job.state}",
                    where="object table",
                    remedy=f"Follow it with `vgwm watch {job.id}`, or end it with"
                    f" `vgwm cancel {job.id}`. Without an engine the next one goes on with it:"
                    " vgwm engine start.",
                )

    async def _others(self, path: Path, profile: Profile) -> list[str]:
        """Return what is to be said of others' rows that a restore does not carry."""
        table = await open_target_table(self._workspace, profile)
        workspace = self._workspace.id
        try:
            with path.open("rb") as file:
                where = safe(os.fsencode(path))
                pages = BackupReader(file, where, profile, workspace).pages()
                found = await taken_away(table, profile, workspace, pages)
        except OSError as error:
            raise BadInput(
                what=f"the file cannot be read: {safe(os.strerror(error.errno or 0))}",
                where=safe(os.fsencode(path)),
                remedy="Name a file that `vgwm metadata backup` made.",
            ) from error
        finally:
            await table.close()
        return [found.warning] if found.warning else []

    async def _table(self, facts: KeepingFacts, profile: Profile) -> KeepingFacts:
        """Return the facts with what is there now."""
        spec = table_spec(self._workspace)
        present: int | None = None
        sets: tuple[SetFacts, ...] = ()
        warnings = list(facts.warnings)
        if not await asyncio.to_thread(absent_file, spec):
            table = await open_target_table(self._workspace, profile)
            try:
                present, told = await _present(table, profile)
                sets = await _sets(table, profile)
                warnings += told
            finally:
                await table.close()
        return KeepingFacts(
            table=safe(spec),
            rows=facts.rows,
            buckets=facts.buckets,
            bundles=facts.bundles,
            digest=facts.digest,
            present=present,
            sets=sets,
            warnings=tuple(warnings),
        )

    async def _origin(self, wish: Wish) -> KeepingFacts:
        """Return how much a rebuild reads."""
        ledger = self._ledger
        counted = await ledger.counters()
        if wish.origin in {Origin.LEDGER, Origin.MANIFESTS}:
            if not counted.bundles_recorded:
                raise NoPlan(
                    what="the ledger names no bundle that was recorded",
                    where=f"metadata rebuild --from {wish.origin}",
                    remedy="Copy first: vgwm copy. If the ledger is not the one that copied,"
                    " rebuild from what the target holds: --from pins.",
                )
            rows = (
                await ledger.current.count(ObjectState.RECORDED)
                if wish.origin == Origin.LEDGER
                else None
            )
            dirty = await ledger.current.count(ObjectState.DIRTY)
            warnings = [] if wish.origin == Origin.LEDGER else [_COMES_BACK]
            if dirty:
                warnings.append(f"{count(dirty)} changed objects get their rows by the next sync")
            return KeepingFacts(
                table="", rows=rows, bundles=counted.bundles_recorded, warnings=tuple(warnings)
            )
        folder = None if wish.origin == Origin.PINS else Path(wish.origin)
        manifests = await open_manifests(self._workspace, folder)
        bundles = 0
        try:
            async with aclosing(manifests.roots(self._workspace.id)) as pages:
                async for page in pages:
                    bundles += len(page)
        finally:
            await manifests.close()
        if not bundles:
            raise BadInput(
                what=f"no bundle of workspace {self._workspace.id} is there",
                where=wish.text,
                remedy="Name a folder of its .car files, or --from ledger.",
            )
        known = await self._ledger.buckets()
        told = (_COMES_BACK,) if known else (_COMES_BACK, _NO_BUCKETS)
        return KeepingFacts(table="", bundles=bundles, warnings=told)

    def _backup(self, path: Path, profile: Profile) -> BackupFacts:
        """Return what a backup holds, read whole: unless that was done, and it did not change."""
        where = safe(os.fsencode(path))
        try:
            # a pipe never ends, and a device has no end
            if not path.is_file():
                raise BadInput(
                    what="this is no file" if path.exists() else "there is no such file",
                    where=where,
                    remedy="Name a file that `vgwm metadata backup` made.",
                )
            with path.open("rb") as file:
                seen = os.fstat(file.fileno())
                stamp = (where, seen.st_size, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)
                if stamp not in self._backups:
                    reader = BackupReader(file, where, profile, self._workspace.id)
                    for _ in reader.pages():
                        pass
                    assert reader.facts is not None  # noqa: S101 - its pages came to their end
                    self._backups = {stamp: reader.facts}
                return self._backups[stamp]
        except PermissionError as error:
            raise Denied(
                what="the file may not be read", where=where, remedy="Run as its owner."
            ) from error
        except OSError as error:
            raise BadInput(
                what=f"the file cannot be read: {safe(os.strerror(error.errno or 0))}",
                where=where,
                remedy="Name a file that `vgwm metadata backup` made.",
            ) from error


_COMES_BACK = (
    "a bundle names what it was made with: objects that were removed since come back where their"
    " bundle is still there"
)

_NO_BUCKETS = (
    "the ledger knows no bucket: bucket rows are kept from the present table, and made of nothing"
    " else"
)


async def _present(table: ObjectTable, profile: Profile) -> tuple[int | None, list[str]]:
    """Return how many rows are in use, None without a table, and what is odd about it."""
    findings = await table.check()
    failed = [one for one in findings if one.verdict == "fail"]
    warnings = [f"{one.subject}: {one.evidence}" for one in findings if one.verdict == "warn"]
    warnings = [text for text in warnings if "not ours" in text]
    gone = any(
        one.subject == profile.objects.name and one.evidence == ABSENT_TABLE for one in failed
    )
    if failed and not gone:
        warnings += [
            f"{one.subject}: {one.evidence}; nothing of the present table is taken over"
            for one in failed
        ]
    if gone:
        return None, warnings
    try:
        return await table.count(), warnings
    except VgwmError as error:
        return None, [*warnings, f"the present table cannot be counted: {error.what}"]


async def _sets(table: ObjectTable, profile: Profile) -> tuple[SetFacts, ...]:
    found = []
    for one in await table.sets():
        rows = 0
        if f"{profile.objects.name}_{one.tag}" in one.tables:
            rows = await (await table.beside(one.tag)).count()
        found.append(SetFacts.of(one, rows))
    return tuple(found)


def require_free(facts: KeepingFacts) -> None:
    """Raise if new tables are there already that nobody is making."""
    if any(one.tag == NEW for one in facts.sets):
        raise BadInput(
            what=f"tables ending in _{NEW} are there already",
            where=facts.table,
            remedy="Look at them; `vgwm metadata restore --drop-old` removes them.",
        )
