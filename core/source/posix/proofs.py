"""One stored value on its way to be proved by the bytes. Pure.

May import its own room's digests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.source.posix.digests import Digest


class Proof(Protocol):
    """A value that was stored with an object: an ETag or a checksum."""

    def update(self, chunk: memoryview) -> None:
        """Take the next bytes."""

    def holds(self) -> bool:
        """Tell whether the bytes so far fit the stored value."""

    def copy(self) -> Self:
        """Return another one in the same state."""


class WholeProof:
    """A digest of the whole body. expected: the stored value; write: a digest in its notation."""

    def __init__(self, digest: Digest, expected: str, write: Callable[[bytes], str]) -> None:
        self._digest = digest
        self._expected = expected
        self._write = write

    def update(self, chunk: memoryview) -> None:
        """Take the next bytes."""
        self._digest.update(chunk)

    def holds(self) -> bool:
        """Tell whether the bytes so far fit the stored value."""
        return self._write(self._digest.digest()) == self._expected

    def copy(self) -> Self:
        """Return another one in the same state."""
        return type(self)(self._digest.copy(), self._expected, self._write)


class PartsProof:
    """A digest of the parts' digests, then `-N`: multipart ETags, COMPOSITE checksums.

    make: a fresh digest. ends: end offsets of the parts. done: digests of the parts that have
    ended; part, offset: of the one that runs.
    """

    def __init__(  # noqa: PLR0913 - the last three are a copied state
        self,
        make: Callable[[], Digest],
        ends: Sequence[int],
        expected: str,
        write: Callable[[bytes], str],
        *,
        done: Sequence[bytes] = (),
        part: Digest | None = None,
        offset: int = 0,
    ) -> None:
        self._make = make
        self._ends = ends
        self._expected = expected
        self._write = write
        self._done = list(done)
        self._part = part or make()
        self._offset = offset

    def update(self, chunk: memoryview) -> None:
        """Take the next bytes, across as many ends of parts as they reach."""
        while len(chunk):
            self._close_ended()
            if len(self._done) == len(self._ends):
                return  # longer than it was opened with: its stamps say so, not the digest
            room = self._ends[len(self._done)] - self._offset
            piece, chunk = chunk[:room], chunk[room:]
            self._part.update(piece)
            self._offset += len(piece)

    def holds(self) -> bool:
        """Tell whether the bytes so far fit the stored value."""
        self._close_ended()
        whole = self._make()
        whole.update(b"".join(self._done))
        return self._expected == f"{self._write(whole.digest())}-{len(self._done)}"

    def copy(self) -> Self:
        """Return another one in the same state."""
        return type(self)(
            self._make,
            self._ends,
            self._expected,
            self._write,
            done=self._done,
            part=self._part.copy(),
            offset=self._offset,
        )

    def _close_ended(self) -> None:
        while len(self._done) < len(self._ends) and self._ends[len(self._done)] == self._offset:
            self._done.append(self._part.digest())
            self._part = self._make()
