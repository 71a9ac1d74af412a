"""`vgwm target deploy`: a target rendered, compared with what is there, written, started."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.config.file_set import NewFile, finish, replace_all
from core.config.folder import make_private
from core.config.schema import IpfsTarget
from core.config.units import parse_size
from core.config.workspace import FILE_NAME, load
from core.control.wire.deploy import DeployFile, Deployment, DeployPort
from core.display import count, safe, size
from core.errors import BadInput, Denied, Refused
from core.operate.deploy.compose import IMAGES
from core.operate.deploy.docker import docker_versions, start_containers, wait_for_ports
from core.operate.deploy.keys import read_or_make, stand_ins
from core.operate.deploy.rendering import Rendered, digest, render
from core.operate.deploy.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHARE_OF_DISK = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. storage_max: with its unit, "" for a share of the folder's disk.

    replication_min, replication_max: None for the guide's 2 and 3, or all nodes if they are fewer.
    """

    nodes: int
    output: Path
    listen: str = "127.0.0.1"
    storage_max: str = ""
    replication_min: int | None = None
    replication_max: int | None = None
    port_offset: int = 0


async def deploy(wish: Wish, *, force: bool, dry_run: bool, up: bool) -> Deployment:
    """Write the deployment; with `up` also start it, and wait until each port answers.

    A second call changes nothing. Raises Refused for files that differ, NoAnswer where Docker does
    not answer: then nothing was written; BadInput, Denied, CapacityExhausted.
    """
    shape = _shape(wish)
    shape.refuse_nonsense()
    versions = await docker_versions() if up else None
    if not dry_run:
        _finish(shape)
    known = read_or_make(shape.folder, shape.count)
    files = render(shape, known)
    states = [_state(shape.folder / file.path, file) for file in files]
    told = _told(shape, files, states)
    if dry_run:
        return told
    if "differs" in states and not force:
        raise _refused(shape, files, states)
    wanted = [file for file, state in zip(files, states, strict=True) if state != "same"]
    backups = _write(shape, wanted)
    told = replace(
        told,
        state="written" if wanted else "unchanged",
        backups=tuple(safe(str(kept)) for kept in backups),
    )
    if versions is None:
        return told
    await start_containers(shape.folder)
    await wait_for_ports(shape.listen, shape.ports())
    return replace(told, started=f"Docker {versions.docker}, Compose {versions.compose}")


def is_target_of(workspace: Path, told: Deployment) -> bool:
    """Return whether a workspace's target is this deployment: then it can be checked."""
    if not (workspace / FILE_NAME).is_file():
        return False
    target = load(workspace / FILE_NAME).target
    ports = {port.port for port in told.ports if port.owner.endswith(" rpc")}
    return isinstance(target, IpfsTarget) and ports == {
        int(url.rstrip("/").rpartition(":")[2]) for url in target.kubo if url[-1:].isdigit()
    }


def lines(told: Deployment) -> Iterator[str]:
    """Yield it as plain lines."""
    yield (
        f"{told.folder}   {told.state}   hash {told.hash}   {told.nodes} nodes of "
        f"{size(told.storage_max_bytes)}, {told.replication_min} to {told.replication_max} copies"
    )
    same = sum(file.state == "same" for file in told.files)
    glyphs = {"new": "+ new    ", "differs": "! differs"}
    for file in told.files:
        if file.state != "same":
            yield f"{glyphs[file.state]}  {file.mode}  {file.path}"
    if same:
        yield f"= same       {count(same)} files"
    yield f"ports        {' '.join(str(port.port) for port in told.ports)}"
    yield f"images       {' '.join(told.images.values())}"
    for kept in told.backups:
        yield f"kept         {kept}"
    if told.started:
        yield f"started by   {told.started}"
    for command in told.next:
        yield f"next         {command}"


def _shape(wish: Wish) -> Shape:
    try:
        listen = str(ipaddress.ip_address(wish.listen))
    except ValueError:
        raise BadInput(
            what=f"{safe(wish.listen)} is no IP address",
            where="--listen",
            remedy="Name one of this host's addresses; not 0.0.0.0: nodes name it to each other.",
        ) from None
    if ipaddress.ip_address(listen).is_unspecified:
        raise BadInput(
            what=f"{listen} is no address that nodes could name to each other",
            where="--listen",
            remedy="Name one of this host's addresses.",
        )
    folder = Path(os.path.abspath(wish.output))  # noqa: PTH100 - resolve() would follow links
    most = min(3, wish.nodes) if wish.replication_max is None else wish.replication_max
    return Shape(
        count=wish.nodes,
        folder=folder,
        listen=listen,
        storage_max_bytes=_storage(wish, folder),
        cpus=os.cpu_count() or 1,
        uid=os.getuid(),
        gid=os.getgid(),
        replication_min=min(2, most) if wish.replication_min is None else wish.replication_min,
        replication_max=most,
        offset=wish.port_offset,
    )


def _storage(wish: Wish, folder: Path) -> int:
    if wish.storage_max:
        return parse_size(wish.storage_max)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    seen = os.statvfs(there)
    whole = int(seen.f_frsize * seen.f_blocks * _SHARE_OF_DISK / wish.nodes)
    return whole // 10**9 * 10**9 or whole


def _state(path: Path, file: Rendered) -> str:
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return "new"
    except PermissionError as e:
        raise Denied(
            what="a file of the deployment may not be read",
            where=safe(str(path)),
            remedy="Run as the user who made it.",
        ) from e
    except OSError as e:
        raise BadInput(
            what=f"a file of the deployment cannot be read: {e.strerror}",
            where=safe(str(path)),
            remedy="Move it away, or name another folder.",
        ) from e
    return "same" if content == file.text.encode() and mode == file.mode else "differs"


def _told(shape: Shape, files: Sequence[Rendered], states: Sequence[str]) -> Deployment:
    return Deployment(
        folder=safe(str(shape.folder)),
        state="planned",
        hash=digest(shape),
        nodes=shape.count,
        replication_min=shape.replication_min,
        replication_max=shape.replication_max,
        storage_max_bytes=shape.storage_max_bytes,
        files=[
            DeployFile(path=file.path, mode=f"{file.mode:04o}", state=state)
            for file, state in zip(files, states, strict=True)
        ],
        ports=[DeployPort(port=port.number, owner=port.owner) for port in shape.ports()],
        images=dict(IMAGES),
        next=(
            f"put what {safe(str(shape.folder / 'target.yaml'))} says into vgwm.yaml",
            "vgwm target init",
            "vgwm check all",
        ),
    )


def _refused(shape: Shape, files: Sequence[Rendered], states: Sequence[str]) -> Refused:
    differ = [file.path for file, state in zip(files, states, strict=True) if state == "differs"]
    more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
    return Refused(
        what=f"{differ[0]}{more} stands there and differs",
        where=safe(str(shape.folder)),
        remedy="Look with --dry-run; then --force: former files are kept beside the new ones.",
    )


def _write(shape: Shape, files: Sequence[Rendered]) -> list[Path]:
    if not files:
        return []
    for folder in sorted({(shape.folder / file.path).parent for file in files}):
        make_private(
            folder,
            noun="a folder of the deployment",
            denied="Name another with --output, or run as its owner.",
            other="Name another with --output.",
        )
    return replace_all(
        [
            NewFile(path=shape.folder / file.path, content=file.text.encode(), mode=file.mode)
            for file in files
        ]
    )


def _finish(shape: Shape) -> None:
    """Carry out what a crash left half done: the first file of a set says where its journal is."""
    for file in render(shape, stand_ins(shape.count)):
        path = shape.folder / file.path
        if path.parent.is_dir():
            finish([path])
