"""Where a VersityGW posix backend keeps things, and how its folders are opened.

Nothing is written, and no atime moves (I6). May import errors, `display`, its own room.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import Denied, NoGatewayRoot
from core.source.posix.config import MetadataMode
from core.source.posix.opening import open_folder, quiet_flag
from core.source.posix.sidecar import Sidecar

if TYPE_CHECKING:
    from core.source.posix.config import PosixConfig


class PosixTree:
    """The tree that a configuration names. Cheap to make; opens nothing until it is asked."""

    def __init__(self, config: PosixConfig) -> None:
        self.config = config
        self.mode = config.mode
        self.root = os.fsencode(config.root)
        self.quiet = quiet_flag(config.folders())

    def open_bucket(self, name: bytes) -> int:
        """Open a bucket's folder and return its descriptor. Raises NoGatewayRoot, Denied."""
        return self.open_named(self.root + b"/" + name, follow=self.config.bucket_links)

    def open_versions(self, name: bytes) -> int | None:
        """Open the folder of a bucket's old versions; None if it has none. Raises Denied."""
        if self.config.versioning_dir is None:
            return None
        path = os.fsencode(self.config.versioning_dir) + b"/" + name
        try:
            return open_folder(path, self.quiet)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot_read(path, error) from error

    def sidecar(self, name: bytes) -> Sidecar | None:
        """Return the sets of a bucket's keys; None in the other modes."""
        if self.config.sidecar is None or self.mode is not MetadataMode.SIDECAR:
            return None
        return Sidecar(os.fsencode(self.config.sidecar) + b"/" + name, self.quiet)

    def version_sidecar(self, name: bytes) -> Sidecar | None:
        """Return the sets of a bucket's old versions; None in the other modes, or without any."""
        config = self.config
        if config.sidecar is None or config.versioning_dir is None:
            return None
        base = os.fsencode(config.sidecar) + os.fsencode(config.versioning_dir)
        return Sidecar(base + b"/" + name, self.quiet)

    def open_named(self, path: bytes, *, follow: bool = True) -> int:
        """Open a folder by its path. Raises NoGatewayRoot, Denied."""
        try:
            return open_folder(path, self.quiet, follow=follow)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NoGatewayRoot(
                what=f"{safe(path)} is no directory",
                where="source",
                remedy="Name the gateway's own directories; are they mounted?",
            ) from error
        except OSError as error:
            raise cannot_read(path, error) from error


def cannot_read(path: bytes, error: OSError) -> Denied:
    """Return what to say of a folder that cannot be read."""
    return Denied(
        what=f"{safe(path)} cannot be read: {error.strerror}",
        where="source",
        remedy="Run as the gateway's user or root.",
    )
