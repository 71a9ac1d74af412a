"""What names a posix source: the gateway's own options, resolved to absolute paths.

The tree does not tell its options (metadata mode, versioning folder): an operator has to.
May import the errors and `display`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


class MetadataMode(Enum):
    """Where the gateway keeps attributes."""

    XATTR = "xattr"
    SIDECAR = "sidecar"
    NONE = "nometa"


@dataclass(frozen=True, slots=True, kw_only=True)
class PosixConfig:
    """A VersityGW posix backend.

    root, versioning_dir, sidecar: absolute. default_etag: shown for objects without one.
    root_account: the access key that owns buckets without an `acl`.
    """

    root: Path
    versioning_dir: Path | None = None
    sidecar: Path | None = None
    nometa: bool = False
    bucket_links: bool = False
    default_etag: str = ""
    root_account: str = ""

    @property
    def mode(self) -> MetadataMode:
        """The metadata mode that the options say."""
        if self.nometa:
            return MetadataMode.NONE
        return MetadataMode.XATTR if self.sidecar is None else MetadataMode.SIDECAR

    def folders(self) -> tuple[Path, ...]:
        """Return every folder that belongs to the source."""
        named = (self.root, self.versioning_dir, self.sidecar)
        return tuple(path for path in named if path is not None)

    def refuse_nonsense(self) -> None:
        """Raise BadInput where the gateway itself would not start with these options."""
        for path in self.folders():
            if not path.is_absolute():
                raise _bad(path, "is relative", "Write the absolute path.")
        if self.nometa and self.sidecar is not None:
            raise _bad(self.sidecar, "is a sidecar beside `nometa`", "Name one of the two.")
        for path in self.folders()[1:]:
            if path.is_relative_to(self.root):
                raise _bad(path, f"lies inside {safe(str(self.root))}", "Name a folder outside.")


def _bad(path: Path, fault: str, remedy: str) -> BadInput:
    return BadInput(what=f"{safe(str(path))} {fault}", where="source", remedy=remedy)
