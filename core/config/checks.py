"""What a `vgwm.yaml` must keep beyond its types: one function a rule. Pure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.config import slices as slicing
from core.config.programs import check_programs
from core.config.schema import DirTarget, IpfsTarget, PosixSource
from core.config.units import parse_share
from core.dag import profile as cid_profiles
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from core.config.schema import Cache, Workspace

_PROFILE: Final = re.compile(r"[a-z][a-z0-9_-]*|/.+")
_ENDPOINT: Final = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s/@?#:]+):[0-9]{1,5}")
_YDB: Final = re.compile(r"ydb:(grpcs?)://[^\s/@?#]+:[0-9]{1,5}/[^\s?#]+")


def check(workspace: Workspace, *, where: str) -> None:
    """Raise BadInput for the first rule that does not hold; where: safe to show."""
    source, target = workspace.source, workspace.target
    if isinstance(source, PosixSource):
        _posix(source, where)
    else:
        _url("source.endpoint", source.endpoint, where)
    if isinstance(target, IpfsTarget):
        _ipfs(target, where)
    elif isinstance(source, PosixSource):
        _apart(source, target, where)
    if not _PROFILE.fullmatch(target.profile):
        raise BadInput(
            what=f"{safe(target.profile)} names no profile",
            where=f"{where}, target.profile",
            remedy="Write guide, extended, or a file's absolute path.",
        )
    _policies(workspace, where)


def check_folder(workspace: Workspace, folder: Path) -> None:
    """Raise BadInput if the workspace's own folder (absolute) lies inside of its source (I6)."""
    source = workspace.source
    if not isinstance(source, PosixSource):
        return
    for inner in (source.path, source.versioning_dir, source.sidecar):
        if inner is not None and folder.is_relative_to(inner):
            raise BadInput(
                what=f"the workspace lies inside of its source: {safe(str(inner))}",
                where=safe(str(folder)),
                remedy="Make the workspace outside of the source, which is only read.",
            )


def _posix(source: PosixSource, where: str) -> None:
    if source.nometa and source.sidecar is not None:
        raise BadInput(
            what="both nometa and sidecar are set",
            where=f"{where}, source",
            remedy="Keep the one that the gateway was started with.",
        )
    for name, inner in (("versioning_dir", source.versioning_dir), ("sidecar", source.sidecar)):
        if inner is not None and inner.is_relative_to(source.path):
            raise BadInput(
                what=f"{name} lies inside of the gateway's root",
                where=f"{where}, source.{name}",
                remedy="The gateway refuses that, too: name the folder that it was started with.",
            )


def _apart(source: PosixSource, target: DirTarget, where: str) -> None:
    # I6: a target inside of the source would write into it
    for folder in (source.path, source.versioning_dir, source.sidecar):
        if folder is not None and (
            target.path.is_relative_to(folder) or folder.is_relative_to(target.path)
        ):
            raise BadInput(
                what=f"target and source lie inside of each other: {safe(str(folder))}",
                where=f"{where}, target.path",
                remedy="Choose a folder outside of the source.",
            )


def _ipfs(target: IpfsTarget, where: str) -> None:
    for name, urls in (("kubo", target.kubo), ("cluster", target.cluster)):
        for i, url in enumerate(urls):
            _url(f"target.{name}[{i}]", url, where)
        if len({url.rstrip("/") for url in urls}) < len(urls):
            raise BadInput(
                what="an address stands there twice",
                where=f"{where}, target.{name}",
                remedy="Name each node once.",
            )
    if bool(target.cluster_user) != (target.cluster_password_ref is not None):
        raise BadInput(
            what="a user without a password, or a password without a user",
            where=f"{where}, target.cluster_user",
            remedy="Set both cluster_user and cluster_password_ref, or none.",
        )
    _table(target, where)
    if target.cache is not None:
        _cache(target.cache, f"{where}, target.cache")


def _cache(cache: Cache, place: str) -> None:
    for endpoint in cache.endpoints:
        if not _ENDPOINT.fullmatch(endpoint):
            raise BadInput(
                what="this is no address of a Redis server",  # not shown: it may hold a password
                where=f"{place}.endpoints",
                remedy="Write HOST:PORT; the password goes into password_ref.",
            )
    if len(set(cache.endpoints)) < len(cache.endpoints):
        raise BadInput(
            what="an address stands there twice",
            where=f"{place}.endpoints",
            remedy="Name each server once.",
        )
    if not cache.endpoints or (cache.type == "redis" and len(cache.endpoints) > 1):
        raise BadInput(
            what=f"{len(cache.endpoints)} servers for a cache of type {cache.type}",
            where=f"{place}.endpoints",
            remedy="Name one server for redis, and each master for redis_cluster.",
        )


def _table(target: IpfsTarget, where: str) -> None:
    place = f"{where}, target.table"
    if "@" in target.table.partition("//")[2].partition("/")[0]:
        raise BadInput(
            what="the table's address holds a user or a password",
            where=place,
            remedy="Put them into table_user and table_password_ref.",
        )
    path = target.table.removeprefix("sqlite:")
    local = path != target.table and Path(path).is_absolute()
    if not local and not _YDB.fullmatch(target.table):
        raise BadInput(
            what="the object table is named in no known way",
            where=place,
            remedy="Write ydb:grpc://HOST:2136/DATABASE, ydb:grpcs://.., or sqlite:/PATH.",
        )
    if bool(target.table_user) != (target.table_password_ref is not None):
        raise BadInput(
            what="a user without a password, or a password without a user",
            where=f"{where}, target.table_user",
            remedy="Set both table_user and table_password_ref, or none.",
        )
    if target.table_user and target.table_token_ref is not None:
        raise BadInput(
            what="both a user and a token are set",
            where=f"{where}, target.table_token_ref",
            remedy="Keep one of them.",
        )


def _url(key: str, url: str, where: str) -> None:
    """Raise BadInput unless url is http(s)://HOST[:PORT][/PATH]. It is not shown (I9)."""
    place = f"{where}, {key}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        parts = urlsplit("")
    if "@" in parts.netloc:
        raise BadInput(
            what="an address holds a user or a password",
            where=place,
            remedy="Leave them out: users and *_ref keys name credentials.",
        )
    plain = not (parts.query or parts.fragment or re.search(r"\s", url))
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise BadInput(
            what="this is no address of a server",
            where=place,
            remedy="Write http://HOST:PORT or https://HOST:PORT.",
        )


def _listeners(workspace: Workspace, where: str) -> None:
    traffic = workspace.traffic
    named = [one.name for one in traffic.haproxy]
    if len(set(named)) < len(named):
        raise BadInput(
            what="two load balancers have one name",
            where=f"{where}, traffic.haproxy",
            remedy="Give each its own: it stands in plans and events.",
        )
    for i, one in enumerate(traffic.haproxy):
        for url in one.listen:
            _url(f"traffic.haproxy[{i}].listen", url, where)
    for url in traffic.listen:
        _url("traffic.listen", url, where)


def _gateways(workspace: Workspace, where: str) -> None:
    """Raise BadInput for an address that is none, or a name that two gateways have."""
    named = [one.name for one in workspace.gateways]
    if len(set(named)) < len(named):
        raise BadInput(
            what="two gateways have one name",
            where=f"{where}, gateways",
            remedy="Give each its own: it stands in plans and events.",
        )
    for i, one in enumerate(workspace.gateways):
        url = one.address if "://" in one.address else f"http://{one.address}"
        _url(f"gateways[{i}].address", url, where)


def _reverse(workspace: Workspace, where: str) -> None:
    """Raise BadInput where what the reverse copy writes through, or keeps, cannot be meant."""
    writer, undo = workspace.cutover.private_writer, workspace.cutover.undo
    if writer is not None and not writer.socket.is_absolute():
        raise BadInput(
            what="the private writer's socket is a relative path",
            where=f"{where}, cutover.private_writer.socket",
            remedy="Write the absolute path of a unix socket.",
        )
    source = workspace.source
    if undo is not None and (
        not undo.is_absolute()
        or (isinstance(source, PosixSource) and undo.is_relative_to(source.path))
    ):
        raise BadInput(
            what="what the reverse copy replaces cannot be kept there",
            where=f"{where}, cutover.undo",
            remedy="Write the absolute path of a folder outside of the source.",
        )


def _slices(workspace: Workspace, where: str) -> None:
    try:
        slicing.check(workspace.cutover.slices)
    except BadInput as e:
        place = f"{where}, cutover.slices, {e.where}"
        remedy = "Name each bucket in one slice; the buckets that none names are slice `rest`."
        raise BadInput(what=e.what, where=place, remedy=remedy) from e


def _policies(workspace: Workspace, where: str) -> None:
    name = workspace.cid_profile
    if name is not None and name not in cid_profiles.all_names():
        raise BadInput(
            what=f"there is no CID profile {safe(name)}",
            where=f"{where}, cid_profile",
            remedy=f"Known: {', '.join(cid_profiles.all_names())}.",
        )
    traffic = workspace.traffic
    if traffic.haproxy and traffic.command:
        raise BadInput(
            what="both haproxy and a command switch traffic",
            where=f"{where}, traffic",
            remedy="Keep one of them.",
        )
    check_programs(workspace, where)
    _reverse(workspace, where)
    _gateways(workspace, where)
    _listeners(workspace, where)
    _slices(workspace, where)
    try:
        parse_share(workspace.cutover.max_bound)
    except BadInput as e:
        raise BadInput(what=e.what, where=f"{where}, cutover.max_bound", remedy=e.remedy) from e
