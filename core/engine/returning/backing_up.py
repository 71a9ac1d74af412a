"""What is kept before a fence: ledger, object table, load balancers' and blue's own files.

    folder = await back_up(ledger_path, workspace, workspace_folder)
    gate = await opened(workspace_folder / FOLDER, workspace.id, wanted(workspace))

A set is a folder of its own, whole or not there, read again to its last byte before it counts. May
import the ledger, the target and the cutover's room.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.atomic import write_text
from core.config.backup import FOLDER, Part, Wanted, copy_in, weigh
from core.config.gateway_files import Named, find
from core.cutover.backups import MANIFEST, PREFIX, BackupSet, open_set
from core.display import safe
from core.engine.keeping.backup_run import row_pages
from core.errors import BadInput, Broken, CapacityExhausted, Denied, Refused, VgwmError
from core.ledger.backup import copy_to
from core.ledger.connection import LEDGER_NAME
from core.target import profile as profiles
from core.target.backup_file import BackupReader, BackupWriter
from core.target.open_table import open_target_table

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.backup import Kept
    from core.config.schema import Workspace

_TABLE: Final = "object-table.ndjson"
_STEERED: Final = (Part.LB_MAP, Part.LB_CONFIG)
"""Of each load balancer: what a fence changes, and what it rests on."""

_OWN: Final = {
    Part.CONFIG: "blue's configuration: name it in cutover.blue.config",
    Part.UNIT: "blue's unit: name it in cutover.blue.unit",
    Part.BINARY: "blue's program: name it in cutover.blue.binary",
}


def wanted(workspace: Workspace) -> tuple[Part, ...]:
    """Return what a set has to hold, a part a file; blue's own files are only warned about."""
    return (Part.LEDGER, Part.TABLE, *(_STEERED * len(workspace.traffic.haproxy)))


async def back_up(ledger: Path, workspace: Workspace, folder: Path) -> Path:
    """Make a set below folder's `backups/`, open it, and return where it is.

    ledger: its file, that may be written meanwhile. folder: of the workspace. Raises Denied,
    CapacityExhausted, NoAnswer (the table's), Refused where a load balancer's file cannot be kept,
    and Broken for what reads back otherwise: then no set is left.
    """
    at_ns = time.time_ns()
    stamp = datetime.fromtimestamp(at_ns / 1e9, tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    place = folder / FOLDER
    part, final = place / f".{PREFIX}{stamp}.part", place / f"{PREFIX}{stamp}"
    try:
        await asyncio.to_thread(_begin, place, part)
        files, absent = await asyncio.to_thread(_files, workspace, part)
        files.append(await asyncio.to_thread(_ledger, ledger, part))
        files.append(await _table(workspace, part))
        found = BackupSet(workspace=workspace.id, at_ns=at_ns, files=files, absent=absent)
        await asyncio.to_thread(_end, part, final, found)
        await asyncio.to_thread(open_set, final, workspace.id)
    except OSError as error:
        raise _fault(place, error) from error
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    return final


def _begin(place: Path, part: Path) -> None:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    part.mkdir(mode=0o700)


def _files(workspace: Workspace, part: Path) -> tuple[list[Kept], list[str]]:
    """Copy the files of load balancers and of blue; say which of them are not there."""
    blue = workspace.cutover.blue
    named = Named(configs=blue.config, iam=blue.iam, unit=blue.unit, binary=blue.binary)
    looked = [
        wanted
        for one in workspace.traffic.haproxy
        for wanted in (
            Wanted(part=Part.LB_MAP, path=one.map),
            Wanted(part=Part.LB_CONFIG, path=one.config),
        )
    ]
    looked += dict.fromkeys(find(named))
    kept: list[Kept] = []
    absent = [told for one, told in _OWN.items() if all(each.part is not one for each in looked)]
    for number, one in enumerate(looked):
        try:
            kept.append(copy_in(one, part, number))
        except (BadInput, Denied) as error:
            if one.part in _STEERED:
                raise _unkept(one, error) from error
            absent.append(f"{one.part} {safe(os.fsencode(one.path))}: {error.what}")
    return kept, absent


def _ledger(ledger: Path, part: Path) -> Kept:
    copy = part / LEDGER_NAME
    copy_to(ledger, copy)
    return _kept(Part.LEDGER, copy, safe(os.fsencode(ledger)))


async def _table(workspace: Workspace, part: Path) -> Kept:
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    copy = part / _TABLE
    table = await open_target_table(workspace, profile)
    try:
        with copy.open("xb") as file:
            copy.chmod(0o600)
            total = await table.count()
            writer = BackupWriter(file, profile, workspace.id, total)
            if profile.buckets is not None:
                writer.add_buckets(await table.scan_buckets())
            async with aclosing(row_pages(table)) as rows:
                async for page in rows:
                    await asyncio.to_thread(writer.add, page)
            wrote = writer.end()
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
    finally:
        await table.close()

    def read_back() -> bool:
        with copy.open("rb") as file:
            reader = BackupReader(file, _TABLE, profile, workspace.id)
            for _ in reader.pages():
                pass
            return reader.facts == wrote

    if not await asyncio.to_thread(read_back):
        raise Broken(
            what="the object table's backup reads back otherwise than it was written",
            where=safe(os.fsencode(copy)),
            remedy="Look at the disk that it was written to.",
        )
    return await asyncio.to_thread(_kept, Part.TABLE, copy, safe(workspace.target.label))


def _kept(part: Part, copy: Path, path: str) -> Kept:
    weighed = weigh(Wanted(part=part, path=copy))
    return msgspec.structs.replace(weighed, copy=copy.name, path=path)


def _end(part: Path, final: Path, found: BackupSet) -> None:
    """Write what the set holds, and give it its name, durably."""
    text = msgspec.json.format(msgspec.json.encode(found)).decode()
    write_text(part / MANIFEST, f"{text}\n")
    part.rename(final)
    handle = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unkept(one: Wanted, error: VgwmError) -> Refused:
    return Refused(
        what=f"{one.part} cannot be kept: {error.what}",
        where=safe(os.fsencode(one.path)),
        remedy="Let the engine read it: nothing is fenced before it is kept.",
    )


def _fault(place: Path, error: OSError) -> VgwmError:
    where = safe(os.fsencode(place))
    if isinstance(error, PermissionError):
        return Denied(what="a backup may not be written", where=where, remedy="Run as root.")
    return CapacityExhausted(
        what=f"a backup cannot be written: {error.strerror}", where=where, remedy="Make room there."
    )
