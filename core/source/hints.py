"""Names of objects that somebody says have changed. They are hints, and no proof of anything.

    names = Names()
    hints.gather(names)         # blocks; of what was said since the last call
    names.take() -> {bucket: keys}, of those that have been known for a while
    names.wide   -> why not all of it has a name: "", or a full round is due

What was never named, named late or named wrongly costs a look, or waits for the next full round.
May import the errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 100_000
"""Names that are kept; where more come, a walk costs less than to look at each."""


class Names:
    """Names that were heard and not looked at yet, each once. Memory: `MOST` names.

    heard: how often anything was said at all. nameless: changes that no name came with.
    """

    def __init__(self) -> None:
        self._new: set[tuple[bytes, bytes]] = set()
        self._settled: set[tuple[bytes, bytes]] = set()
        self.heard = 0
        self.nameless = 0
        self.wide = ""

    def add(self, bucket: bytes, key: bytes) -> None:
        """Keep a name."""
        if len(self._new) + len(self._settled) >= MOST:
            self.widen(f"more than {MOST:,} names at once")
        elif not self.wide:
            self._new.add((bucket, key))

    def widen(self, why: str) -> None:
        """Give names up: there are, or may be, more changes than are named."""
        self._new.clear()
        self._settled.clear()
        self.wide = self.wide or why

    def narrow(self) -> None:
        """Begin anew, as a full round begins: it sees whatever was changed before."""
        self.wide, self.nameless = "", 0

    def take(self, *, settled: bool = True) -> Mapping[bytes, list[bytes]]:
        """Return names by bucket, in byte order, and forget them.

        settled: only those that were there at the last call already. An object that is read in the
        moment of its change is read once more by the next round.
        """
        taken = self._settled if settled else self._settled | self._new
        self._settled = self._new if settled else set()
        self._new = set()
        found: dict[bytes, list[bytes]] = {}
        for bucket, key in sorted(taken):
            found.setdefault(bucket, []).append(key)
        return found


class Hints(Protocol):
    """Where names come from. All calls block; not for two threads."""

    def begin(self) -> None:
        """Listen from now on. Raises what hinders it."""

    def gather(self, names: Names) -> None:
        """Add what was said since the last call, or widen. Raises what hinders it."""

    def close(self) -> None:
        """Listen no more."""


def cleaned(key: bytes) -> bytes:
    """Return a key as the gateway stores it: `a//b`, `/a/b`, `a/./b`, `x/../a/b` are all `a/b`."""
    parts: list[bytes] = []
    for part in key.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in {b"", b"."}:
            parts.append(part)
    path = b"/".join(parts)
    return path + b"/" if path and key.endswith(b"/") else path
