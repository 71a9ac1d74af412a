"""The object table written to a file: beside it first, read back, then given its name.

Pages are not one snapshot: a table that is written meanwhile is kept as each page was read. May
import the ledger and the target.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from core.config.backup import FOLDER
from core.display import safe
from core.engine.keeping.progress import KeepProgress, Step
from core.errors import (
    BadInput,
    Broken,
    CapacityExhausted,
    Denied,
    Refused,
    VgwmError,
    WrongState,
)
from core.ledger.rows import EventDraft
from core.probe.metadata_canary import BUCKET as CANARY
from core.target import profile as profiles
from core.target.backup_file import PAGE, BackupReader, BackupWriter
from core.target.objects import START
from core.target.open_table import absent_file, open_target_table, table_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from core.engine.keeping.means import KeepMeans
    from core.engine.reins import Reins
    from core.target.backup_file import BackupFacts
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey

T = TypeVar("T")

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SAID_EVERY: Final = 10


class BackupRun:
    """One backup. output: absolute; force: a former file is kept beside it, under a dated name."""

    def __init__(self, means: KeepMeans, output: Path, *, force: bool) -> None:
        self._means = means
        self._output = output
        self._force = force
        self._part = output.with_name(f".{output.name}.part")

    async def run(self, reins: Reins) -> None:
        """Write it. Raises JobCancelled, and what stops it: then no file is there."""
        workspace = self._means.workspace
        if await asyncio.to_thread(lambda: absent_file(table_spec(workspace))):
            raise _no_table(table_spec(workspace))
        profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
        table = await open_target_table(workspace, profile)
        try:
            if any(one.verdict == "fail" for one in await table.check()):
                raise _no_table(table_spec(workspace))
            try:
                facts = await self._write(reins, table, profile)
                await asyncio.to_thread(self._place)
            finally:
                await asyncio.to_thread(self._remove_part)
        finally:
            await table.close()
        done = KeepProgress(
            step=Step.DONE, done=facts.objects, total=facts.objects, buckets=facts.buckets
        )
        text = (
            f"object table kept in {safe(os.fsencode(self._output))}: {facts.objects} rows,"
            f" sha256 {facts.sha256}"
        )
        await self._means.ledger.assessing.progress(
            reins.id, done.text(), EventDraft(kind="metadata", text=text, job=reins.id)
        )

    async def _write(self, reins: Reins, table: ObjectTable, profile: Profile) -> BackupFacts:
        total = await table.count()
        file = await asyncio.to_thread(self._open)
        try:
            identity = self._means.workspace.id
            writer = await self._guarded(BackupWriter, file, profile, identity, total)
            if profile.buckets is not None:
                await self._guarded(writer.add_buckets, await table.scan_buckets())
            pages = 0
            async with aclosing(row_pages(table)) as rows:
                async for page in rows:
                    await reins.checkpoint()
                    await self._guarded(writer.add, page)
                    pages += 1
                    if pages % _SAID_EVERY == 0:
                        now = KeepProgress(step=Step.FILL, done=writer.objects, total=total)
                        await self._means.ledger.assessing.progress(reins.id, now.text())
            facts: BackupFacts = await self._guarded(writer.end)
            await self._guarded(_to_disk, file)
        finally:
            await self._guarded(file.close)  # what is left in its buffer finds no room, either
        await asyncio.to_thread(self._read_back, profile, facts)
        return facts

    def _read_back(self, profile: Profile, wrote: BackupFacts) -> None:
        """Raise Broken unless the file on disk is what was written."""
        try:
            with self._part.open("rb") as file:
                reader = BackupReader(file, str(self._part), profile, self._means.workspace.id)
                for _ in reader.pages():
                    pass
        except BadInput as error:
            raise _unread(error.what) from error
        if reader.facts != wrote:
            raise _unread("its counts or its digest are others")

    def _open(self) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with _disk(self._output):
            if self._output.parent == self._means.folder / FOLDER:
                self._output.parent.mkdir(mode=0o700, exist_ok=True)
            self._remove_part()
            return os.fdopen(os.open(self._part, flags, 0o600), "wb", buffering=1 << 20)

    def _place(self) -> None:
        """Give the file its name; a former one keeps a name of its own, or is left alone."""
        with _disk(self._output):
            if self._force and os.path.lexists(self._output):
                at = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
                self._output.with_name(f"{self._output.name}.{at}.backup").hardlink_to(self._output)
                self._part.replace(self._output)
            else:
                # a link never stands over another file, whoever made that meanwhile
                self._output.hardlink_to(self._part)
            folder = os.open(self._output.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _remove_part(self) -> None:
        try:
            self._part.unlink()
        except OSError:  # a read-only disk says so of a file that is not there, too
            if os.path.lexists(self._part):
                raise

    async def _guarded(self, work: Callable[..., T], *given: object) -> T:
        """Run work on the file in a thread; the disk's faults as ours."""

        def run() -> T:
            with _disk(self._output):
                return work(*given)

        return await asyncio.to_thread(run)


async def row_pages(table: ObjectTable) -> AsyncGenerator[list[Row]]:
    """Yield the rows of a table in pages, in key order; not those of a check's own canary."""
    after: RowKey = START
    while page := await table.scan(after, PAGE):
        after = str(page[-1][0]), str(page[-1][1])
        # a check that runs beside has its row there for a moment: it is nobody's object
        yield [row for row in page if row[0] != CANARY]


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _disk_fault(error, safe(os.fsencode(path))) from error


def _disk_fault(error: OSError, where: str) -> VgwmError:
    if isinstance(error, FileExistsError):
        return Refused(
            what="the file exists",
            where=where,
            remedy="Name another, or give --force: the old one is kept beside it.",
        )
    if error.errno in _FULL:
        return CapacityExhausted(
            what="there is no room for the backup", where=where, remedy="Make room, then repeat it."
        )
    if isinstance(error, PermissionError):
        return Denied(what="the file may not be written", where=where, remedy="Name another place.")
    reason = safe(os.strerror(error.errno or 0))
    return BadInput(
        what=f"the backup cannot be written: {reason}", where=where, remedy="Name another place."
    )


def _no_table(spec: str) -> WrongState:
    return WrongState(
        what="there is no object table as the profile has it",
        where=safe(spec),
        remedy="Nothing was written. Nothing was copied yet, or `vgwm metadata rebuild` makes it"
        " anew; `vgwm check metadata` says what is there.",
    )


def _unread(what: str) -> Broken:
    return Broken(
        what=f"the backup was not read back as it was written: {what}",
        where="metadata backup",
        remedy="No file was left. Look at the disk that it was written to.",
    )
