"""What `vgwm config diff` and `convert` do: an old configuration read, shown, written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.config import file_set
from core.config.certificate import check_pair
from core.config.gateway_files import read_bytes
from core.config.legacy import output, reading
from core.config.legacy.context import Context
from core.config.legacy.conversion import convert
from core.config.legacy.decisions import decide
from core.config.legacy.proving import prove
from core.config.workspace import FILE_NAME, load
from core.control.config.shown import Wanted, Worked, describe
from core.control.config.target import destination
from core.control.wire import config as wire_config
from core.display import safe
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from pathlib import Path

_YAML_MODE: Final = 0o644
_ENV_MODE: Final = 0o600  # it holds the secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A conversion that was worked out. shown: to show; files: to write, so never shown."""

    shown: wire_config.ConfigDiff
    files: tuple[file_set.NewFile, ...] = field(repr=False)


def look(wanted: Wanted) -> Conversion:
    """Work out a conversion; change nothing but what a crash left half written.

    Raises BadInput for files and decisions that make no sense, Denied for those that may not be
    read.
    """
    _refuse_same_places(wanted)
    if wanted.new is not None:
        file_set.finish([wanted.yaml, wanted.env])
    raw = read_bytes(wanted.old)
    legacy = reading.read(raw, where=safe(os.fsencode(wanted.old)))
    workspace = None if wanted.folder is None else load(wanted.folder / FILE_NAME)
    context = Context(
        decisions=decide(wanted.accept, wanted.drop, wanted.settings),
        source=None if workspace is None else workspace.source,
        destination=destination(workspace),
        pair=check_pair,
    )
    rows = convert(legacy, context)
    owner = _owner(wanted.old)
    files = (
        _file(wanted.yaml, output.yaml_text(rows), mode=_YAML_MODE, owner=owner),
        _file(wanted.env, output.env_text(rows), mode=_ENV_MODE, owner=owner),
    )
    worked = Worked(
        wanted=wanted,
        legacy=legacy,
        rows=rows,
        files=files,
        proofs=prove(rows, legacy, lambda: convert(legacy, context)),
    )
    return Conversion(shown=describe(worked), files=files)


def write(
    wanted: Wanted, *, force: bool = False, dry_run: bool = False, confirmed: str | None = None
) -> tuple[wire_config.ConfigDiff, wire_config.ConfigWritten]:
    """Write a conversion's files, all or none; return it, and what was written.

    confirmed: the hash of the diff that was shown. Nothing is written on a dry run, and while a
    problem is left: look at `writable`. Raises Refused if something has changed since, or stands
    where a file is to be written and force is not given; else as `look`.
    """
    found = look(wanted)
    shown = found.shown
    if confirmed is not None and confirmed != shown.hash:
        raise Refused(
            what=f"the conversion {safe(confirmed)} is not what would be written now: "
            f"{shown.hash or 'nothing, for problems are left'}",
            where=safe(os.fsencode(wanted.old)),
            remedy="A file or a decision changed: look at vgwm config diff again.",
        )
    differing = [
        (file, text) for file, text in zip(found.files, shown.files, strict=True) if not text.same
    ]
    acts = shown.writable and not dry_run
    if acts and not force:
        for file, text in differing:
            if text.exists:
                raise Refused(
                    what="the file exists and holds something else",
                    where=safe(os.fsencode(file.path)),
                    remedy="Name another, or give --force: the old one is kept beside it.",
                )
    backups: list[Path] = []
    if acts and differing:
        backups = file_set.replace_all([file for file, _ in differing])
    return shown, wire_config.ConfigWritten(
        counts=shown.counts,
        written=[text.path for _, text in differing] if acts else [],
        backups=[safe(os.fsencode(one)) for one in backups],
        hash=shown.hash,
        dry_run=dry_run,
    )


def _refuse_same_places(wanted: Wanted) -> None:
    places = [os.path.realpath(one) for one in (wanted.old, wanted.yaml, wanted.env)]
    if places[0] == places[1] or places[1] == places[2]:
        raise BadInput(
            what="two of the old file, the YAML and the env file are one file",
            where=safe(os.fsencode(wanted.yaml)),
            remedy="Name a file for each; --env-out names the env file.",
        )


def _owner(old: Path) -> tuple[int, int] | None:
    """Return who owned the old file, for who may give files away: the gateway has to read them."""
    if os.geteuid() != 0:
        return None
    found = old.stat()
    return found.st_uid, found.st_gid


def _file(path: Path, text: str, *, mode: int, owner: tuple[int, int] | None) -> file_set.NewFile:
    return file_set.NewFile(path=path, content=text.encode("utf-8"), mode=mode, owner=owner)
