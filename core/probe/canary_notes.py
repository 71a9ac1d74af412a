"""Which canaries are out: noted durably before they are pinned, so that a kill leaves none behind.

Each is an empty file in the workspace's folder `canaries`, named by its root, and locked by the run
that planted it for as long as that lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.dag.errors import BadCid
from core.display import safe
from core.errors import Denied

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "canaries"


class Noted(NamedTuple):
    """A canary that an ended run left. age_s: since it was noted."""

    root: str
    age_s: float


class CanaryNotes:
    """The canaries of a workspace that may still be pinned. folder: the workspace's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._held: dict[str, int] = {}

    def left(self) -> list[Noted]:
        """Return what runs that ended left behind; this one holds them until they are struck."""
        if not self._folder.is_dir():
            return []
        names = [path.name for path in self._folder.iterdir() if _is_cid(path.name)]
        return [noted for name in sorted(names) if (noted := self._take(name)) is not None]

    def note(self, root: str) -> None:
        """Note a root, durably. Raises Denied where the workspace may not be written."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._held[root] = handle = os.open(
                self._folder / root, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sync()
        except OSError as error:
            raise Denied(
                what=f"a canary cannot be noted: {error.strerror}",
                where=safe(os.fsencode(self._folder)),
                remedy="Run as the workspace's owner; without a note a kill would leave a pin.",
            ) from error

    def strike(self, root: str) -> None:
        """Forget a root: it is seen to be gone."""
        (self._folder / root).unlink(missing_ok=True)
        handle = self._held.pop(root, None)
        if handle is not None:
            os.close(handle)

    def close(self) -> None:
        """Leave what is not struck to the next run."""
        while self._held:
            os.close(self._held.popitem()[1])

    def _take(self, root: str) -> Noted | None:
        """Return a root that nobody holds any more, None for one of a run that lives."""
        with contextlib.suppress(OSError):
            handle = os.open(self._folder / root, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return None
            self._held[root] = handle
            return Noted(root, max(0.0, time.time() - os.fstat(handle).st_mtime))
        return None

    def _sync(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_cid(name: str) -> bool:
    try:
        cids.parse(name)
    except BadCid:
        return False
    return True
