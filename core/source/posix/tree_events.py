"""Hints out of what the kernel tells of a gateway's tree: events of names, as keys of buckets.

It sees every change that is made on this host, past the gateways too. What is removed together with
its folder may have no name any more, and what changes in old versions alone names no key: the next
full round finds both. May import the names, the watch and the hints.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from core.source.posix import fanotify
from core.source.posix.fanotify import Watch
from core.source.posix.names import INTERNAL, is_bucket, is_leftover

if TYPE_CHECKING:
    from core.source.hints import Names
    from core.source.posix.config import PosixConfig
    from core.source.posix.fanotify import Event

_META: Final = b"/meta"


class TreeEvents:
    """Listens to the file systems of one tree, and of its sidecar."""

    def __init__(self, tree: PosixConfig) -> None:
        self._root = os.path.realpath(os.fsencode(tree.root)) + b"/"
        sidecar = tree.sidecar
        self._sidecar = b"" if sidecar is None else os.path.realpath(os.fsencode(sidecar)) + b"/"
        self._watch = Watch([one[:-1] for one in (self._root, self._sidecar) if one])

    def begin(self) -> None:
        """Listen from now on. Raises Denied where this host cannot."""
        self._watch.begin()

    def gather(self, names: Names) -> None:
        """Add the names of what has happened since the last call. Raises OSError."""
        for event in self._watch.events():
            self._take(event, names)

    def close(self) -> None:
        """Listen no more."""
        self._watch.close()

    def _take(self, event: Event, names: Names) -> None:
        if event.mask & fanotify.OVERFLOW:
            names.widen("the kernel's queue of events ran over")
        elif event.folder.startswith(self._root):
            names.heard += 1
            self._object(event, names)
        elif self._sidecar and event.folder.startswith(self._sidecar):
            names.heard += 1
            self._attribute(event.folder.removeprefix(self._sidecar), names)

    def _object(self, event: Event, names: Names) -> None:
        bucket, _, folder = event.folder.removeprefix(self._root).partition(b"/")
        if folder.partition(b"/")[0] == INTERNAL or not is_bucket(bucket):
            return
        if event.name in {b"", b"."}:  # the folder itself: it may be an object
            if folder:
                names.add(bucket, folder + b"/")
            return
        if event.name == INTERNAL or is_leftover(event.name):
            return
        key = folder + b"/" + event.name if folder else event.name
        if not event.mask & fanotify.FOLDER:
            names.add(bucket, key)
            return
        if event.mask & (fanotify.MOVED_FROM | fanotify.MOVED_TO):
            names.widen("a folder was renamed, and with it every key below")
        names.add(bucket, key + b"/")

    @staticmethod
    def _attribute(folder: bytes, names: Names) -> None:
        """Take a file of a set: of the file at the key, or of the folder that is an object."""
        bucket, _, path = folder.partition(b"/")
        if path.endswith(_META) and is_bucket(bucket):
            key = path.removesuffix(_META)
            names.add(bucket, key)
            names.add(bucket, key + b"/")
