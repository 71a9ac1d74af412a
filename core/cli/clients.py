"""`vgwm clients`: configurations of S3 clients for another endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import CONFIG_NAME, conventions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from core.cli.call import Call
    from core.control.wire import clients as wire_clients

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_CALLERS = 12


class RenderGiven(TypedDict):
    """The options of `vgwm clients render`, as click hands them over."""

    old_endpoint: str
    new_endpoint: str
    output: Path
    access_log: tuple[Path, ...]
    name: str
    region: str
    force: bool
    dry_run: bool


class UpdateGiven(TypedDict):
    """The options of `vgwm clients update`."""

    endpoint: str
    folder: Path
    old_endpoint: str
    dry_run: bool
    confirm: str | None


@click.group()
def clients() -> None:
    """Bring clients to another endpoint, where their name for it changes."""


@clients.command()
@click.option("--old-endpoint", required=True, metavar="U", help="Where clients go now.")
@click.option("--new-endpoint", required=True, metavar="U", help="Where they are to go.")
@click.option("--output", type=_FOLDER, required=True, metavar="DIR", help="Where files are made.")
@click.option("--access-log", type=_FILE, multiple=True, metavar="F", help="Say who calls by it.")
@click.option("--name", default="vgwm", show_default=True, help="Of profile, remote and alias.")
@click.option("--region", default="us-east-1", show_default=True, help="What they sign with.")
@click.option("--force", is_flag=True, help="Replace files; the old ones are kept beside them.")
@click.option("--dry-run", is_flag=True, help="Show it, and write nothing.")
@conventions
def render(call: Call, **given: Unpack[RenderGiven]) -> int:
    """Write a configuration of each client for a new endpoint, and show what differs from the old.

    For aws, boto3, mc, rclone, s3cmd and s5cmd, without secrets: keys come from where clients keep
    them. --access-log names a gateway's log, and says which clients call.
    """
    from core.cli.output import answer
    from core.control.clients_desk import RenderWish, render_clients

    wish = RenderWish(
        old=given["old_endpoint"],
        new=given["new_endpoint"],
        output=given["output"],
        name=given["name"],
        region=given["region"],
        logs=given["access_log"],
        workspace=_folder(call),
    )
    told = render_clients(wish, force=given["force"], dry_run=given["dry_run"])
    answer(call, told, _rendered(told))
    return 0


@clients.command()
@click.option("--endpoint", required=True, metavar="U", help="Where clients are to go.")
@click.option("--dir", "folder", type=_FOLDER, required=True, metavar="DIR", help="Their files.")
@click.option("--old-endpoint", default="", metavar="U", help="Else the one that the files name.")
@click.option("--dry-run", is_flag=True, help="As without --confirm.")
@click.option("--confirm", metavar="HASH", help="Do it, if it is still what was shown.")
@conventions
def update(call: Call, **given: Unpack[UpdateGiven]) -> int:
    """Set another endpoint in the clients' configurations below DIR.

    Alone it shows the plan and its hash; it acts with --confirm HASH only, and refuses if a file
    has changed since (5). Endpoint keys are set, and nothing else; mode and owner stay, and each
    former file is kept beside the new one. Files of no known kind are listed: 1 if one of them
    names the old endpoint.
    """
    from core.cli.output import answer
    from core.control.clients_desk import UpdateWish, update_clients

    wish = UpdateWish(
        new=given["endpoint"],
        folder=given["folder"],
        old=given["old_endpoint"],
        workspace=_folder(call),
    )
    told = update_clients(wish, confirmed=None if given["dry_run"] else given["confirm"])
    answer(call, told, _updated(told))
    return 1 if any(one.mentions for one in told.unknown) else 0


def _folder(call: Call) -> Path | None:
    """Return the workspace's folder; None where none is named and the current one is none."""
    if call.folder is None and not (Path.cwd() / CONFIG_NAME).is_file():
        return None
    return call.workspace


def _rendered(told: wire_clients.ClientsRendered) -> Iterator[str]:
    yield f"{told.old_endpoint} -> {told.new_endpoint}   {told.folder}   {told.state}"
    for file in told.files:
        yield f"{file.state.ljust(8)}  {file.path.ljust(16)}  {', '.join(file.tools)}"
    yield from told.diff.splitlines()
    for kept in told.backups:
        yield f"kept      {kept}"
    if told.requests:
        yield f"{told.callers_total} callers in {told.requests} requests"
    for one in told.callers[:_CALLERS]:
        yield (
            f"{one.requests:>9}  {one.tool.ljust(9)}  {one.access.ljust(20)}"
            f"  {one.address.ljust(15)}  {one.agent}"
        )


def _updated(told: wire_clients.ClientsUpdate) -> Iterator[str]:
    yield f"plan {told.hash}: {told.old_endpoint} -> {told.new_endpoint}   {told.folder}"
    for change in told.changes:
        yield f"change   {change.mode}  {change.path}  ({', '.join(change.tools)})"
        for line in change.diff:
            yield f"  {line}"
    if told.same:
        yield f"same     {told.same} files name the new endpoint already"
    yield from (f"left     {one.path}: {one.why}" for one in told.left)
    if told.unknown_total:
        yield f"unknown  {told.unknown_total} files of no known kind"
    for one in told.unknown:
        mark = "  ! names the old endpoint" if one.mentions else ""
        yield f"  {one.path}: {one.why}{mark}"
    for kept in told.backups:
        yield f"kept     {kept}"
    if told.state == "planned" and told.changes:
        yield f"the same with --confirm {told.hash} does this and nothing else"
    elif told.state == "planned":
        yield "nothing is to be changed"
    else:
        yield f"{told.state}: {len(told.changes)} files"
