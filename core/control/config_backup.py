"""What `vgwm config backup` does: find the gateway's files, keep copies, say their hashes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config import backup
from core.config.backup import Part, Wanted
from core.config.legacy import reading
from core.control import wire_config
from core.control.config_desk import read_bytes
from core.display import safe
from core.errors import BadInput, VgwmError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIGS: Final = ("etc/versitygw.d/*.conf", "etc/versitygw/versitygw.conf")
_UNITS: Final = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_BINARIES: Final = ("usr/local/bin/versitygw", "usr/bin/versitygw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an operator named; what is not named is looked for in its usual places.

    root: where the file system begins, so that a test has one of its own.
    """

    configs: tuple[Path, ...] = ()
    iam: Path | None = None
    unit: Path | None = None
    binary: Path | None = None
    to: Path | None = None
    root: Path = Path("/")


def keep(named: Named, folder: Path | None, *, dry_run: bool = False) -> wire_config.ConfigBackup:
    """Copy the gateway's files into `backups/` of the workspace, or below named.to.

    folder: of the workspace. Raises BadInput if there is no configuration to keep, or no place.
    """
    place = named.to or (None if folder is None else folder / backup.FOLDER)
    if place is None:
        raise BadInput(
            what="there is no place for a backup",
            where="vgwm config backup",
            remedy="Name a workspace with -w, or a folder with --to.",
        )
    wanted = list(dict.fromkeys(find(named)))
    if not any(one.part is Part.CONFIG for one in wanted):
        raise BadInput(
            what="the gateway's configuration is not in its usual places",
            where=", ".join(f"/{one}" for one in _CONFIGS),
            remedy="Name it: vgwm config backup FILE.",
        )
    if dry_run:
        return _wired(place, 0, [backup.weigh(one) for one in wanted], dry_run=True)
    made, kept = backup.keep(wanted, place.absolute())
    return _wired(made, kept.at_ns, kept.files, dry_run=False)


def find(named: Named) -> Iterator[Wanted]:
    """Yield the files of a gateway, the named ones, else those in their usual places."""
    configs = [one.absolute() for one in named.configs]
    configs = configs or [p for pattern in _CONFIGS for p in sorted(named.root.glob(pattern))]
    for one in configs:
        yield Wanted(part=Part.CONFIG, path=one)
    for one in [named.iam.absolute()] if named.iam else _stores(configs):
        yield from _accounts(one)
    units = [named.unit.absolute()] if named.unit else _units(named.root)
    for one in units:
        yield Wanted(part=Part.UNIT, path=one)
    binaries = [named.root / one for one in _BINARIES]
    for one in [named.binary.absolute()] if named.binary else filter(Path.is_file, binaries):
        yield Wanted(part=Part.BINARY, path=one)


def _accounts(store: Path) -> Iterator[Wanted]:
    """Yield the files of a store of accounts: a file, or those of its folder."""
    if not store.is_dir():
        yield Wanted(part=Part.IAM, path=store)
        return
    for one in sorted(store.glob("*.json")):
        yield Wanted(part=Part.IAM, path=one)


def _stores(configs: list[Path]) -> Iterator[Path]:
    """Yield the folders of accounts that the configurations name."""
    for config in configs:
        try:
            legacy = reading.read(read_bytes(config), where=safe(os.fsencode(config)))
        except VgwmError:
            continue  # it is kept as it is; what it names cannot be known
        named = {entry.name: entry.value for entry in legacy.entries}
        path = named.get("VGW_IAM_DIR") or named.get("iam.path")
        if path and path.startswith("/") and Path(path).exists():
            yield Path(path)


def _units(root: Path) -> list[Path]:
    found = (sorted((root / one).glob("versitygw*.service")) for one in _UNITS)
    # /lib is often a link to /usr/lib: a unit once is enough
    return list({one.resolve(): one for units in found for one in units}.values())


def _wired(
    place: Path, at_ns: int, kept: list[backup.Kept], *, dry_run: bool
) -> wire_config.ConfigBackup:
    return wire_config.ConfigBackup(
        folder=safe(os.fsencode(place)),
        at_ns=at_ns,
        files=[
            wire_config.BackupFile(
                kind=one.part,
                path=one.path,
                copy=one.copy,
                size_bytes=one.size_bytes,
                sha256=one.sha256,
                mode=one.mode,
            )
            for one in kept
        ],
        dry_run=dry_run,
    )
