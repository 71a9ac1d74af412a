"""`vgwm clients`: configurations rendered for a new endpoint, and moved to it where they lie."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config import file_set
from core.config.file_set import NewFile
from core.config.folder import make_private
from core.control.files import refuse_place
from core.control.wire import clients as wire_clients
from core.display import safe
from core.errors import BadInput, Denied, Refused
from core.iam.access_log import requests
from core.operate.clients.endpoint import Endpoint, parse
from core.operate.clients.rendering import Client, Rendered, changes, render
from core.operate.clients.searching import search
from core.operate.clients.seen import Caller, Calls, calls
from core.operate.clients.updating import Left, Update, endpoints, update

if TYPE_CHECKING:
    from collections.abc import Sequence

_LISTED: Final = 100
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,32}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderWish:
    """What is asked for. workspace: whose files are spared, None outside of one."""

    old: str
    new: str
    output: Path
    name: str
    region: str
    logs: tuple[Path, ...] = ()
    workspace: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWish:
    """What is asked for. old: "" for the one endpoint that all the files name."""

    new: str
    folder: Path
    old: str = ""
    workspace: Path | None = None


def render_clients(wish: RenderWish, *, force: bool, dry_run: bool) -> wire_clients.ClientsRendered:
    """Write each client's configuration for the new endpoint, all or none.

    Raises BadInput (an endpoint twice, a name), Refused for files that differ, Denied.
    """
    old, new = _two(wish.old, wish.new, "--old-endpoint", "--new-endpoint")
    client = _client(wish)
    seen = calls(requests(wish.logs)) if wish.logs else Calls(requests=0, callers=())
    folder = Path(os.path.abspath(wish.output))  # noqa: PTH100 - resolve() would follow links
    if wish.workspace is not None:
        refuse_place(wish.workspace, folder)
    files = render(new, client)
    states = [_state(folder / file.path, file) for file in files]
    wanted = [file for file, state in zip(files, states, strict=True) if state != "same"]
    backups: list[Path] = []
    if not dry_run and wanted:
        if "differs" in states and not force:
            raise _refused(folder, files, states)
        backups = _write(folder, wanted)
    return wire_clients.ClientsRendered(
        folder=safe(os.fsencode(folder)),
        state="planned" if dry_run else "written" if wanted else "unchanged",
        old_endpoint=old.url,
        new_endpoint=new.url,
        files=tuple(
            wire_clients.ClientFile(path=file.path, state=state, tools=file.tools)
            for file, state in zip(files, states, strict=True)
        ),
        diff=changes(old, new, client),
        backups=tuple(safe(os.fsencode(one)) for one in backups),
        requests=seen.requests,
        callers=tuple(map(_caller, seen.callers[:_LISTED])),
        callers_total=len(seen.callers),
    )


def update_clients(wish: UpdateWish, *, confirmed: str | None) -> wire_clients.ClientsUpdate:
    """Show what a move of the endpoint changes in a folder's configurations, or do it.

    confirmed: the hash of what was shown; None shows alone. Endpoint keys are set and nothing else;
    mode and owner stay, former files are kept beside. Raises BadInput, Denied; Refused if the files
    are not as they were shown: then nothing was written.
    """
    new = parse(wish.new, where="--endpoint")
    folder = Path(os.path.abspath(wish.folder))  # noqa: PTH100 - resolve() would follow links
    if wish.workspace is not None:
        refuse_place(wish.workspace, folder)
    files = search(folder)
    old = parse(wish.old, where="--old-endpoint") if wish.old else _only(endpoints(files), new)
    if old == new and wish.old:
        raise _same(new, "--old-endpoint", "--endpoint")
    found = update(files, old, new)
    if confirmed is not None and confirmed != found.hash:
        raise Refused(
            what=f"--confirm {safe(confirmed)} is not what would be changed now, {found.hash}:"
            f" {len(found.changes)} files; nothing was written",
            where=safe(os.fsencode(folder)),
            remedy="A file or an option changed: look at it again without --confirm.",
        )
    backups: list[Path] = []
    if confirmed is not None and found.changes:
        backups = file_set.replace_all([_new_file(found, at) for at in range(len(found.changes))])
    done = confirmed is not None
    state = "planned" if not done else "written" if found.changes else "unchanged"
    return _told(found, folder, state, backups)


def _caller(one: Caller) -> wire_clients.Caller:
    return wire_clients.Caller(
        tool=one.tool,
        agent=one.agent,
        access=one.access,
        address=one.address,
        requests=one.requests,
        last=one.last,
    )


def _told(
    found: Update, folder: Path, state: str, backups: Sequence[Path]
) -> wire_clients.ClientsUpdate:
    return wire_clients.ClientsUpdate(
        folder=safe(os.fsencode(folder)),
        state=state,
        old_endpoint=found.old.url,
        new_endpoint=found.new.url,
        hash=found.hash,
        changes=tuple(
            wire_clients.ClientChange(
                path=_below(one.seen.path, folder),
                tools=one.known.tools,
                mode=f"{one.seen.mode:04o}",
                diff=one.diff,
            )
            for one in found.changes
        ),
        same=found.same,
        left=_left(found.left, folder),
        left_total=len(found.left),
        unknown=_left(found.unknown, folder),
        unknown_total=len(found.unknown),
        backups=tuple(safe(os.fsencode(one)) for one in backups),
    )


def _left(found: Sequence[Left], folder: Path) -> tuple[wire_clients.ClientLeft, ...]:
    """Return the first of them, those that name the old endpoint before all others."""
    first = sorted(found, key=lambda one: not one.mentions)[:_LISTED]
    return tuple(
        wire_clients.ClientLeft(
            path=_below(one.seen.path, folder), why=one.why, mentions=one.mentions
        )
        for one in first
    )


def _new_file(found: Update, at: int) -> NewFile:
    change = found.changes[at]
    owner = change.seen.owner
    ours = owner == (os.geteuid(), os.getegid())
    return NewFile(
        path=change.seen.path,
        content=change.content,
        mode=change.seen.mode,
        owner=None if ours else owner,
    )


def _only(found: Sequence[Endpoint], new: Endpoint) -> Endpoint:
    """Return the endpoint to move from, where the files leave no choice. Raises BadInput."""
    others = [one for one in found if one != new]
    if len(others) == 1:
        return others[0]
    if not others:
        return new
    raise BadInput(
        what=f"the files name {len(others)} endpoints: "
        f"{safe(', '.join(one.url for one in others[:8]))}",
        where="--dir",
        remedy="Say with --old-endpoint which of them is to be replaced.",
    )


def _two(old: str, new: str, *options: str) -> tuple[Endpoint, Endpoint]:
    before, after = parse(old, where=options[0]), parse(new, where=options[1])
    if before == after:
        raise _same(after, *options)
    return before, after


def _same(endpoint: Endpoint, *options: str) -> BadInput:
    return BadInput(
        what=f"both endpoints are {endpoint.url}",
        where=" and ".join(options),
        remedy="Behind an unchanged name clients need nothing; else name another endpoint.",
    )


def _client(wish: RenderWish) -> Client:
    for option, value, pattern, accepted in (
        ("--name", wish.name, _NAME, "1 to 32 of letters, digits and _"),
        ("--region", wish.region, _REGION, "a region, such as us-east-1"),
    ):
        if not pattern.fullmatch(value):
            raise BadInput(
                what=f"{safe(value)} is no name that every client takes",
                where=option,
                remedy=f"Give {accepted}.",
            )
    return Client(name=wish.name, region=wish.region)


def _state(path: Path, file: Rendered) -> str:
    try:
        return "same" if path.read_bytes() == file.text.encode() else "differs"
    except (FileNotFoundError, NotADirectoryError):
        return "new"
    except PermissionError as error:
        raise Denied(
            what="a file there may not be read",
            where=safe(os.fsencode(path)),
            remedy="Run as its owner, or name another folder.",
        ) from error
    except OSError as error:
        raise BadInput(
            what=f"a file there cannot be read: {error.strerror}",
            where=safe(os.fsencode(path)),
            remedy="Move it away, or name another folder.",
        ) from error


def _write(folder: Path, files: Sequence[Rendered]) -> list[Path]:
    remedy = "Name another with --output."
    make_private(folder, noun="the folder", denied=remedy, other=remedy)
    return file_set.replace_all(
        [NewFile(path=folder / one.path, content=one.text.encode(), mode=0o644) for one in files]
    )


def _refused(folder: Path, files: Sequence[Rendered], states: Sequence[str]) -> Refused:
    differ = [file.path for file, state in zip(files, states, strict=True) if state == "differs"]
    more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
    return Refused(
        what=f"{differ[0]}{more} stands there and holds something else",
        where=safe(os.fsencode(folder)),
        remedy="Name another folder, or give --force: former files are kept beside the new ones.",
    )


def _below(path: Path, folder: Path) -> str:
    return safe(os.fsencode(path.relative_to(folder)))
