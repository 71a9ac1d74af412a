"""F3: whether anything changed in the source behind a fence.

    quiet = await quiet_since(source_config, buckets, fenced_ns)

Of a tree its ctimes tell: no tool sets one, so it names every change, also of tags, of a delete
(the folder's), by an NFS client or a process of this host. One blind moment there is: kernels stamp
by ticks, and for a tick (4 ms, or the second of an old file system) a change may bear an earlier
time. Whatever changed then, the last round has read: it begins later than that. Of an S3 endpoint
its times of modification tell, to the second; deletes and changed tags they do not show.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.quiet_tree import stamps
from core.display import object_name, safe
from core.source.chosen import open_source
from core.source.posix.config import PosixConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.source.chosen import SourceConfig

NAMED: Final = 20
"""How many changes are named; the others are counted."""

_NS: Final = 1_000_000_000


class Quiet(NamedTuple):
    """What was found. looked: files, folders or objects; changed: how many of them since.

    names: the first changes, safe to show. blind: what such a source does not show, "" for nothing.
    """

    looked: int
    changed: int
    names: tuple[str, ...]
    blind: str = ""

    @property
    def is_quiet(self) -> bool:
        """Tell whether no change was seen."""
        return not self.changed

    @property
    def told(self) -> str:
        """Return a line about it, safe to show."""
        if self.is_quiet:
            but = f"; {self.blind}" if self.blind else ""
            return f"none of {self.looked:,} changed since the fence{but}"
        left = self.changed - len(self.names)
        more = f" and {left} more" if left else ""
        return f"changed behind the fence: {', '.join(self.names)}{more}"


async def quiet_since(config: SourceConfig, buckets: Sequence[str], since_ns: int) -> Quiet:
    """Look at everything in buckets, and at what belongs to them elsewhere.

    since_ns: UTC, taken when the last gateway was seen fenced. buckets: empty for all. Works in a
    thread that ends with its task. Raises Denied where something cannot be looked at, NoAnswer.
    """
    look = _Look(config, [os.fsencode(name) for name in buckets], since_ns)
    try:
        return await asyncio.to_thread(look.run)
    finally:
        look.stopped = True


class _Look:
    """One look through a source. stopped: set from outside to end it early."""

    def __init__(self, config: SourceConfig, buckets: list[bytes], since_ns: int) -> None:
        self.stopped = False
        self._config = config
        self._buckets = buckets
        self._since_ns = since_ns

    def run(self) -> Quiet:
        looked = changed = 0
        names: list[str] = []
        for name, stamp_ns in self._stamps():
            if self.stopped:
                break
            looked += 1
            if not moved(stamp_ns, self._since_ns):
                continue
            changed += 1
            if len(names) < NAMED:
                names.append(name if isinstance(name, str) else safe(name))
        return Quiet(looked, changed, tuple(names), self._blind)

    @property
    def _blind(self) -> str:
        if isinstance(self._config, PosixConfig):
            return ""
        return "an endpoint does not show deletes and changed tags"

    def _stamps(self) -> Iterator[tuple[bytes | str, int | None]]:
        """Yield what there is and when it changed; None for what vanished while we looked."""
        if isinstance(self._config, PosixConfig):
            yield from stamps(self._config, self._buckets)
            return
        source = open_source(self._config)
        for bucket in source.buckets()[0]:
            if self._buckets and bucket.name not in self._buckets:
                continue
            for page in source.walk(bucket):
                for key, version, _, _, mtime_ns, _ in page.entries:
                    yield object_name(bucket.name, key, version), mtime_ns


def moved(stamp_ns: int | None, since_ns: int) -> bool:
    """Tell whether a time lies behind another; of a clock of whole seconds, in its second or later.

    None, for what vanished, does.
    """
    if stamp_ns is None:
        return True
    if stamp_ns % _NS == 0:
        return stamp_ns // _NS >= since_ns // _NS
    return stamp_ns > since_ns
