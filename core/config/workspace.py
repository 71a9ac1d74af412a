"""`vgwm.yaml` read, checked and written. Its structs stand in `schema`."""

from __future__ import annotations

import difflib
import os
import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

from core.config import atomic, schema
from core.config.checks import check, check_folder
from core.config.knobs import Knobs, changed
from core.config.schema import Workspace
from core.config.secret import SecretRef
from core.config.yaml_text import read_mapping, write_mapping
from core.display import safe
from core.errors import BadInput, Denied

FILE_NAME: Final = "vgwm.yaml"

_LARGEST_BYTES: Final = 1 << 20
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")
_AT: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_STRUCTS: Final = (
    Workspace,
    schema.PosixSource,
    schema.S3Source,
    schema.IpfsTarget,
    schema.DirTarget,
    schema.Cache,
    schema.Gateway,
    schema.Haproxy,
    schema.Traffic,
    schema.Cutover,
    schema.Metrics,
)


def load(path: Path) -> Workspace:
    """Return the workspace of a `vgwm.yaml`.

    Raises BadInput (names the key, and the nearest known one for an unknown), Denied if the file
    may not be read.
    """
    where = safe(os.fsencode(path))
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
        text = raw.decode("utf-8")
    except PermissionError as e:
        raise Denied(
            what="vgwm.yaml may not be read", where=where, remedy="Run as the file's owner."
        ) from e
    except OSError as e:
        raise BadInput(
            what=f"vgwm.yaml cannot be read: {e.strerror}",
            where=where,
            remedy="vgwm init makes a workspace; -w DIR names one.",
        ) from e
    except UnicodeDecodeError as e:
        raise BadInput(
            what="vgwm.yaml is not UTF-8", where=where, remedy="Save it as UTF-8 text."
        ) from e
    if len(raw) > _LARGEST_BYTES:
        raise BadInput(what="vgwm.yaml is over 1 MiB", where=where, remedy="Shorten it.")
    workspace = parse(text, where=where)
    check_folder(workspace, path.absolute().parent)
    return workspace


def parse(text: str, *, where: str = FILE_NAME) -> Workspace:
    """Return the workspace of a text; where: safe to show. Raises as `load`."""
    raw = read_mapping(text, where=where)
    knobs = _knobs(raw.pop("knobs", None), where)
    if isinstance(raw.get("id"), int):
        raw["id"] = str(raw["id"])  # eight digits without quotes
    try:
        found = msgspec.convert(_without_empty(raw), Workspace, dec_hook=_from_yaml)
    except msgspec.ValidationError as e:
        raise _refuse(str(e), where) from e
    workspace = msgspec.structs.replace(found, knobs=knobs)
    check(workspace, where=where)
    return workspace


def dump(workspace: Workspace) -> str:
    """Return the text of a workspace: what differs from the defaults. parse reads it back."""
    members = msgspec.to_builtins(workspace, enc_hook=_to_yaml)
    members.pop("v", None)
    members.pop("knobs", None)
    values = {n: int(t) if t.isdigit() else t for n, t in changed(workspace.knobs).items()}
    ordered = {"v": workspace.v, **members, "knobs": values}
    return write_mapping({name: value for name, value in ordered.items() if value != {}})


def write(path: Path, workspace: Workspace) -> None:
    """Replace the file by the workspace's text, durably, mode 0600. Raises as `atomic.write_text`.

    It is checked first: what was written can be loaded.
    """
    text = dump(workspace)
    parse(text, where=safe(os.fsencode(path)))
    check_folder(workspace, path.absolute().parent)
    atomic.write_text(path, text)


def new_id() -> str:
    """Return a new workspace's id: 8 random hex."""
    return secrets.token_hex(4)


def _knobs(raw: object, where: str) -> Knobs:
    if raw is None:
        return Knobs()
    if not isinstance(raw, dict):
        raise BadInput(
            what="knobs is no mapping", where=where, remedy="Write knobs: {workers: 10}."
        )
    try:
        return Knobs().with_values({str(name): str(value) for name, value in raw.items()})
    except BadInput as error:
        raise BadInput(
            what=error.what, where=f"{where}, {error.where}", remedy=error.remedy
        ) from error


def _without_empty(value: object) -> object:
    """Drop members that are empty or null: they are as good as absent."""
    if isinstance(value, dict):
        return {k: _without_empty(v) for k, v in value.items() if v is not None and v != ""}
    if isinstance(value, list):
        return [_without_empty(v) for v in value]
    return value


def _from_yaml(kind: type, value: object) -> object:
    """Make a path or a reference of a text; ValueError is shown with its key by msgspec."""
    if not isinstance(value, str):
        raise ValueError("a text is expected")  # noqa: TRY004 - msgspec shows ValueErrors only
    if kind is SecretRef:
        try:
            return SecretRef.parse(value)
        except BadInput as e:
            raise ValueError(f"{e.what}. {e.remedy}") from e
    if "\0" in value or not value.startswith("/"):
        raise ValueError("an absolute path is expected")
    return Path(value)


def _to_yaml(value: object) -> object:
    return str(value)


def _refuse(message: str, where: str) -> BadInput:
    at = _AT.search(message)
    place = f"{where}, {safe(at.group(1))}" if at and at.group(1) else where
    what = safe(_AT.sub("", message))
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return BadInput(what=what, where=place, remedy="Correct that value: docs/workspace.md.")
    known = {field.name for s in _STRUCTS for field in msgspec.structs.fields(s)}
    near = difflib.get_close_matches(unknown.group(1), sorted(known), n=1)
    return BadInput(
        what=f"unknown key {safe(unknown.group(1))}",
        where=place,
        remedy=f"Did you mean {near[0]}?" if near else "Remove it.",
    )
