"""The mark beside the ledger: `ledger.db.sum` tells how its last engine left it.

Open while an engine has it; closed, with the digest of the whole file, once that has ended: then
the ledger is known to the last byte. It also holds the epoch, so that a ledger that went back (a
lost write-ahead log, an old copy) is not taken for the newest.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

from core.config.atomic import write_text
from core.dag.canonical import dumps

SUFFIX: Final = ".sum"
DIGEST_BYTES: Final = 32
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """epoch: of the engine that wrote it. digest: hex, of a closed file; "" while it is open."""

    epoch: int
    size_bytes: int = 0
    digest: str = ""

    @property
    def closed(self) -> bool:
        """Whether the engine ended well."""
        return bool(self.digest)

    @classmethod
    def of(cls, file: Path, epoch: int) -> Self:
        """Return the mark of a file that nobody writes any more. Reads all of it."""
        size_bytes, digest = digest_of(file)
        return cls(epoch=epoch, size_bytes=size_bytes, digest=digest)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return the mark beside a file; None if there is none, or if it is damaged itself."""
        try:
            told = json.loads(beside(file).read_text("ascii"))
            mark = cls(**{name: told[name] for name in ("epoch", "size_bytes", "digest")})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return mark if told.get("check") == mark._check() else None

    def write(self, file: Path) -> None:
        """Put the mark beside a file, durably. Raises CapacityExhausted, Denied."""
        write_text(beside(file), dumps({**asdict(self), "check": self._check()}) + "\n")

    def fits(self, file: Path) -> bool:
        """Tell whether a closed file is, to the byte, what it was; without a log behind it."""
        log = Path(f"{file}-wal")
        if log.exists() and log.stat().st_size:
            return False
        return file.stat().st_size == self.size_bytes and digest_of(file)[1] == self.digest

    def _check(self) -> str:
        return blake2b(dumps(asdict(replace(self))).encode(), digest_size=8).hexdigest()


def beside(file: Path) -> Path:
    """Return where a file's mark is."""
    return Path(f"{file}{SUFFIX}")


def digest_of(file: Path) -> tuple[int, str]:
    """Return a file's size in bytes and the digest of its content, hex; 1 GB/s."""
    hashed, size_bytes = blake2b(digest_size=DIGEST_BYTES), 0
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            hashed.update(piece)
            size_bytes += len(piece)
    return size_bytes, hashed.hexdigest()


def remove(file: Path) -> None:
    """Take a file's mark away."""
    beside(file).unlink(missing_ok=True)


def is_there(file: Path) -> bool:
    """Tell whether a file is there and holds anything."""
    try:
        return os.stat(file).st_size > 0  # noqa: PTH116 - one system call
    except FileNotFoundError:
        return False
