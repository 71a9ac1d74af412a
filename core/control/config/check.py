"""What `vgwm config check` and `sanitize` do: look at one file as it is."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from core.config import mark
from core.config.certificate import check_pair
from core.config.gateway_files import read_bytes
from core.config.legacy import reading
from core.config.legacy.context import Context
from core.config.legacy.env_check import check_env
from core.config.legacy.finding import fail
from core.config.legacy.hiding import is_secret
from core.config.legacy.sanitizing import sanitize
from core.config.legacy.yaml_check import check_yaml
from core.config.workspace import FILE_NAME, load
from core.config.yaml_text import read_mapping
from core.control.wire import config as wire_config
from core.display import safe
from core.errors import BadInput, Broken

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.legacy.finding import Found

_YAML: Final = (".yaml", ".yml")


def check(
    file: Path, env: Path | None = None, folder: Path | None = None
) -> list[wire_config.ConfigFinding]:
    """Return what is wrong with a configuration: old, converted, or the guide's YAML.

    env: the env file of a YAML, None for the one beside it. folder: of the workspace, if there is
    one. Raises BadInput, Denied for a file that cannot be read as any of these.
    """
    where = safe(os.fsencode(file))
    raw = read_bytes(file)
    if file.suffix in _YAML:
        found = _yaml(reading.decode(raw, where=where), file, env)
    else:
        workspace = None if folder is None else load(folder / FILE_NAME)
        source = None if workspace is None else workspace.source
        legacy = reading.read(raw, where=where)
        found = check_env(legacy, Context(source=source, pair=check_pair))
        if any(is_secret(one.name, one.value) for one in legacy.entries):
            found += _mode(file)
    return [
        wire_config.ConfigFinding(
            path=one.path, state=one.verdict, evidence=safe(one.evidence), remedy=one.remedy
        )
        for one in found
    ]


def clean(file: Path, folder: Path | None = None) -> str:
    """Return a configuration's text with each secret as its mark, looked at again.

    Raises Broken if a secret is left, and gives nothing out then; BadInput, Denied.
    """
    where = safe(os.fsencode(file))
    made = sanitize(read_bytes(file), mark.marks_of(folder), where=where)
    if made.left:
        lines = ", ".join(map(str, made.left))
        raise Broken(
            what="something that looks like a secret is left, so nothing is given out",
            where=f"{where}, line {lines} of the result",
            remedy="Take it out of the file by hand, in a copy.",
        )
    return made.text


def _yaml(text: str, file: Path, env: Path | None) -> list[Found]:
    beside = file.with_suffix(".env") if env is None else env
    names: frozenset[str] | None = None
    found: list[Found] = []
    if env is not None or beside.exists():
        legacy = reading.read(read_bytes(beside), where=safe(os.fsencode(beside)))
        names = frozenset(entry.name for entry in legacy.entries)
        found = _mode(beside)
    try:
        tree = read_mapping(text, where=safe(os.fsencode(file)))
    except RecursionError:
        raise BadInput(
            what="members within members, too deep to read",
            where=safe(os.fsencode(file)),
            remedy="Name a gateway's YAML.",
        ) from None
    return check_yaml(tree, names, check_pair) + found


def _mode(file: Path) -> list[Found]:
    """Say it if others may read a file of secrets."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        shown = safe(os.fsencode(file))
        return [fail(shown, f"mode {mode:04o}: others read its secrets", f"chmod 0600 {shown}")]
    return []
