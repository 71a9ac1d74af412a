"""Makes a workspace: vgwm.yaml from options, checked before anything is written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.checks import check_folder
from core.config.folder import make_private
from core.config.references import references
from core.config.secret import SecretKind
from core.config.workspace import FILE_NAME, dump, load, new_id, parse
from core.control.daemon import running_pid
from core.control.files import refuse_existing, replace_file
from core.display import safe
from core.engine.settings import source_config
from core.errors import BadInput, WrongState
from core.source.chosen import open_source
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.schema import Workspace

_POSIX = ("versioning_dir", "sidecar", "nometa", "bucket_links", "default_etag")
_S3 = {
    "s3_region": "region",
    "s3_access_key_ref": "access_key_ref",
    "s3_secret_ref": "secret_ref",
    "s3_ca_file": "ca_file",
}
_IPFS = (
    *("kubo", "cluster", "cluster_user", "cluster_password_ref", "replication"),
    *("table", "table_user", "table_password_ref", "table_token_ref", "table_ca_file"),
)
_CACHE = ("cache", "cache_type", "cache_password_ref")
_PATHS = frozenset({"versioning_dir", "sidecar", "table_ca_file", "s3_ca_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A workspace that was made, or would be."""

    id: str
    path: str
    source: str
    target: str
    text: str
    warnings: tuple[str, ...] = ()


def make_workspace(
    folder: Path, options: Mapping[str, object], *, force: bool, dry_run: bool
) -> Made:
    """Write a workspace's vgwm.yaml and return what it joins.

    options: as `vgwm init` names them, with None or "" for what was not given. A workspace that
    exists is refused without force; with force it keeps its id, its old file stays beside it.
    Raises BadInput, NoGatewayRoot, Refused, Denied, NoAnswer; WrongState while an engine runs.
    """
    file = folder / FILE_NAME
    if not (force or dry_run):
        refuse_existing(file)
    there = os.path.exists(file)  # noqa: PTH110 - pathlib raises for a name that is too long
    if there and running_pid(folder) is not None:
        raise WrongState(
            what="an engine runs on this workspace",
            where=safe(str(folder)),
            remedy="End it first: vgwm engine stop",
        )
    kept = load(file).id if there else None
    workspace = parse(
        json.dumps(
            {
                "v": 1,
                "id": kept or new_id(),
                "source": _source(options),
                "target": _target(options),
            }
        ),
        where="vgwm init",
    )
    check_folder(workspace, folder.absolute())
    profiles.load(workspace.target.profile)
    findings = open_source(source_config(workspace)).check()
    warnings = [f"{one.subject}: {one.evidence}" for one in findings if one.verdict != "pass"]
    warnings += missing_secrets(workspace)
    text = dump(workspace)
    if not dry_run:
        make_private(
            folder,
            noun="the workspace's folder",
            denied="Name a folder that you may make with -w.",
            other="Name another with -w.",
        )
        before = replace_file(file, text)
        if before is not None:
            warnings.append(f"the former vgwm.yaml is kept as {safe(before.name)}")
    return _made(workspace, folder, text, tuple(warnings))


def missing_secrets(workspace: Workspace) -> list[str]:
    """Return which named secrets are not there for this process: the engine will want them."""
    found: list[str] = []
    for member, ref in references(workspace):
        if ref.kind is SecretKind.ENV and ref.name not in os.environ:
            found.append(
                f"{member}: the variable {ref.name} is not set here; "
                "whoever starts the engine has to set it"
            )
        elif ref.kind is SecretKind.FILE and not Path(ref.name).is_file():
            found.append(f"{member}: there is no file {safe(ref.name)}")
    return found


def _made(workspace: Workspace, folder: Path, text: str, warnings: tuple[str, ...]) -> Made:
    return Made(
        id=workspace.id,
        path=safe(str(folder)),
        source=safe(workspace.source.label),
        target=safe(workspace.target.label),
        text=text,
        warnings=warnings,
    )


def _source(options: Mapping[str, object]) -> dict[str, object]:
    kind, path = _split(options["source"], "--source", "posix:PATH or s3:ENDPOINT")
    if kind not in {"posix", "s3"}:
        raise BadInput(
            what=f"a source of kind {safe(kind)} cannot be read",
            where="--source",
            remedy="Write posix:PATH, the root of the gateway's tree, or s3:http://HOST:PORT.",
        )
    _refuse_foreign(options, tuple(_S3) if kind == "posix" else _POSIX, kind)
    if kind == "posix":
        return {"type": "posix", "path": _absolute(path), **_given(options, _POSIX)}
    given = _given(options, tuple(_S3))
    for name, option in (("s3_access_key_ref", "access-key"), ("s3_secret_ref", "secret")):
        if name not in given:
            raise BadInput(
                what="an S3 endpoint is read with a pair of keys, and one is not named",
                where="--source s3",
                remedy=f"Name it: --s3-{option}-env NAME or --s3-{option}-file FILE.",
            )
    return {"type": "s3", "endpoint": path, **{_S3[name]: value for name, value in given.items()}}


def _refuse_foreign(options: Mapping[str, object], names: tuple[str, ...], kind: str) -> None:
    """Raise BadInput for an option that is of the other kind of source."""
    foreign = [name for name in names if options.get(name)]
    if foreign:
        raise BadInput(
            what=f"--{foreign[0].removesuffix('_ref').replace('_', '-')} is not for such a source",
            where=f"--source {kind}",
            remedy="Leave it out.",
        )


def _target(options: Mapping[str, object]) -> dict[str, object]:
    named = str(options["target"])
    profile = str(options["profile"])
    chosen = {"profile": _absolute(profile) if "/" in profile else profile}
    if named == "ipfs":
        return {"type": "ipfs", **chosen, **_given(options, _IPFS), **_cache(options)}
    kind, path = _split(named, "--target", "dir:PATH or ipfs")
    if kind != "dir":
        raise BadInput(
            what=f"there is no target of kind {safe(kind)}",
            where="--target",
            remedy="Write dir:PATH or ipfs.",
        )
    foreign = [name for name in (*_IPFS, *_CACHE) if options.get(name)]
    if foreign:
        raise BadInput(
            what=f"--{foreign[0].removesuffix('_ref').replace('_', '-')} is for ipfs targets",
            where="--target dir",
            remedy="Leave it out: a dir target keeps its object table beside the bundles.",
        )
    return {"type": "dir", **chosen, "path": _absolute(path)}


def _cache(options: Mapping[str, object]) -> dict[str, object]:
    """Return the gateway's cache, if one is named; as a mapping: vgwm.yaml has it in one."""
    named = _given(options, _CACHE)
    if not named:
        return {}
    if "cache" not in named:
        raise BadInput(
            what="options of a cache, and no cache",
            where="vgwm init",
            remedy="Name its servers: --cache HOST:PORT, again for each.",
        )
    members = {"type": "cache_type", "endpoints": "cache", "password_ref": "cache_password_ref"}
    return {"cache": {key: named[name] for key, name in members.items() if name in named}}


def _given(options: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    """Return the options that were given; paths absolute, so that the engine may stand anywhere."""
    found: dict[str, object] = {}
    for name in names:
        value = options.get(name)
        if not value:
            continue
        if name in _PATHS:
            value = _absolute(str(value))
        elif name == "table":
            value = _table(str(value))
        elif isinstance(value, tuple):
            value = [url for given in value for url in str(given).split(",")]
        found[name] = value
    return found


def _table(spec: str) -> str:
    kind, colon, path = spec.partition(":")
    return f"sqlite:{_absolute(path)}" if kind == "sqlite" and colon and path else spec


def _split(value: object, option: str, accepted: str) -> tuple[str, str]:
    kind, colon, rest = str(value).partition(":")
    if not colon or not rest:
        raise BadInput(
            what=f"{option} {safe(str(value))} has not the form KIND:PATH",
            where="vgwm init",
            remedy=f"Write {accepted}.",
        )
    return kind, rest


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
