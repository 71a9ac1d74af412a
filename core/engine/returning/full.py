"""The gateway's own files brought back from a backup; those in their places are set aside.

Repeatable: a file that already is the backup's stays as it is. May import the configuration and the
cutover's room.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config.backup import FOLDER, Part
from core.cutover.backups import digest_of, newest, open_set, read_set
from core.cutover.command import run_command
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, Refused

if TYPE_CHECKING:
    from core.config.backup import Kept
    from core.engine.returning.ground import Ground

OWN: Final = (Part.CONFIG, Part.IAM, Part.UNIT, Part.BINARY)
"""What a full rollback brings back."""

_VERSION: Final = 1


async def require_set(ground: Ground) -> Path:
    """Return the newest set of backups, opened. Raises Refused for another than was confirmed."""
    folder = await asyncio.to_thread(newest, ground.folder / FOLDER)
    if folder is None:
        raise _moved("there is no backup any more")
    opened = await asyncio.to_thread(open_set, folder, ground.workspace.id)
    if digests(opened.found.of(*OWN)) != ground.facts.backups:
        raise _moved(f"the newest backup, {safe(folder.name)}, holds other files")
    return folder


async def bring_back(ground: Ground) -> None:
    """Put back each file of the confirmed backup that is another now. Repeatable.

    Raises Broken for a backup that was changed, Refused for another than was confirmed, Denied,
    CapacityExhausted.
    """
    folder = await require_set(ground)
    files = (await asyncio.to_thread(read_set, folder, ground.workspace.id)).of(*OWN)
    changed = 0
    for one in files:
        aside = await asyncio.to_thread(put_back, folder / one.copy, one)
        if aside is not None:
            changed += 1
            await ground.diary.say(f"{one.path} is the backup's; the former one: {aside}")
    await ground.diary.say(f"{changed} of {len(files)} files put back from {safe(folder.name)}")


async def restart(ground: Ground, *, root: str = "") -> None:
    """Restart blue by the operator's command; root: the folder it serves from now on, "" as before.

    Without `cutover.blue.restart` a person restarts it: said. Raises Refused, NoAnswer, BadInput of
    the command.
    """
    argv = ground.workspace.cutover.blue.restart
    if not argv:
        await ground.diary.say(
            "cutover.blue.restart names no command: restart blue by hand now, it is tried next",
            "warn",
        )
        return
    told = {
        "v": _VERSION,
        "op": "restart",
        "root": root,
        "run": ground.diary.run,
        "request_id": secrets.token_hex(8),
    }
    await run_command(argv, json.dumps(told).encode(), "cutover.blue.restart")


def digests(files: list[Kept]) -> tuple[tuple[str, str], ...]:
    """Return path and SHA-256 of each, in order of the paths: what a plan's hash binds."""
    return tuple(sorted((one.path, one.sha256) for one in files))


def put_back(copy: Path, one: Kept) -> Path | None:
    """Put a kept file to its place; return where the former one is set aside.

    None if it was the same already. Whole or not at all; mode and owner as they were. Blocks.
    """
    path = Path(one.path)
    try:
        with suppress(FileNotFoundError):
            if digest_of(path) == one.sha256 and path.stat().st_mode & 0o7777 == int(one.mode, 8):
                return None
        aside = _set_aside(path)
        _replace(copy, path, one)
    except PermissionError as error:
        raise Denied(
            what="a file of the gateway may not be put back",
            where=safe(os.fsencode(path)),
            remedy="Run the engine as root, or put it back by hand: vgwm rollback plan prints how.",
        ) from error
    except OSError as error:
        raise CapacityExhausted(
            what=f"a file of the gateway cannot be put back: {error.strerror}",
            where=safe(os.fsencode(path)),
            remedy="Make room there; it is tried again by the next rollback.",
        ) from error
    return aside


def _set_aside(path: Path) -> Path:
    """Give the file in place a second name; it stays in place until it is replaced."""
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.{stamp}.set-aside")
    with suppress(FileNotFoundError):
        aside.hardlink_to(path)
    return aside


def _replace(copy: Path, path: Path, one: Kept) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with open(handle, "wb") as file, copy.open("rb") as kept:  # noqa: PTH123 - a descriptor
            shutil.copyfileobj(kept, file)
            file.flush()
            os.fchmod(handle, int(one.mode, 8))
            with suppress(PermissionError):  # only root gives files away
                os.fchown(handle, one.uid, one.gid)
            os.fsync(handle)
        _require_same(part, one)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _require_same(part: Path, one: Kept) -> None:
    if digest_of(part) != one.sha256:
        raise OSError(0, "it reads back otherwise than it was written")


def require_command(ground_argv: tuple[str, ...]) -> None:
    """Raise BadInput where a data rollback has nothing that makes blue serve the new tree."""
    if not ground_argv:
        raise BadInput(
            what="a data rollback needs a command that makes blue serve the restored tree",
            where="vgwm.yaml, cutover.blue.restart",
            remedy="Name one: docs/rollback.md says what it is told.",
        )


def _moved(what: str) -> Refused:
    return Refused(
        what=f"{what} than was confirmed" if "holds" in what else what,
        where="rollback --full",
        remedy="Look at the plan again, and confirm that one: vgwm rollback plan --full.",
    )
