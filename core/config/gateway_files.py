"""Which files an old gateway is made of: configuration, accounts, unit, binary."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config.backup import Part, Wanted
from core.config.legacy import reading
from core.display import safe
from core.errors import BadInput, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS: Final = ("etc/versitygw.d/*.conf", "etc/versitygw/versitygw.conf")
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
    root: Path = Path("/")


def find(named: Named) -> Iterator[Wanted]:
    """Yield the files of a gateway, the named ones, else those in their usual places."""
    configs = [one.absolute() for one in named.configs]
    configs = configs or [p for pattern in CONFIGS for p in sorted(named.root.glob(pattern))]
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


def read_bytes(path: Path) -> bytes:
    """Return a configuration's bytes. Raises BadInput, Denied."""
    where = safe(os.fsencode(path))
    try:
        with path.open("rb") as file:
            return file.read(reading.LARGEST_BYTES + 1)
    except PermissionError as error:
        raise Denied(
            what="the file may not be read", where=where, remedy="Run as its owner, or as root."
        ) from error
    except OSError as error:
        raise BadInput(
            what=f"the file cannot be read: {error.strerror}",
            where=where,
            remedy="Name the gateway's configuration, such as /etc/versitygw.d/NAME.conf.",
        ) from error


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
