"""What a worker sends its bundles into, and the sink that keeps nothing.

A sink is synchronous and lives in a worker process: it imports no asyncio, no HTTP library, no YDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from core.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.model import Cid

Piece = bytes | memoryview


class KuboEndpoint(NamedTuple):
    """One Kubo node's RPC address and its name in messages. A plain tuple between processes."""

    name: str
    url: str


class SinkReceipt(NamedTuple):
    """What a finished bundle took.

    car_bytes: length of the CAR file, or of all CARs sent, headers included, for one node.
    nodes: names of the nodes that counted every block; empty for a directory.
    """

    car_bytes: int
    nodes: tuple[str, ...]


class Throttle(Protocol):
    """What a sink's bytes pass on their way out: it may wait, and it counts them."""

    def slows(self) -> bool:
        """Tell whether there is a limit now, so that small pieces are worth their cost."""

    def take(self, size_bytes: int) -> None:
        """Wait until so many bytes may go out."""

    def pieces(self, body: Piece, copies: int) -> Iterator[memoryview]:
        """Yield a body piece by piece, each once it may go out to so many nodes."""


class Unthrottled:
    """Lets everything pass."""

    def slows(self) -> bool:
        """Tell that there is no limit."""
        return False

    def take(self, size_bytes: int) -> None:
        """Do nothing."""

    def pieces(self, body: Piece, copies: int) -> Iterator[memoryview]:  # noqa: ARG002  # the protocol's
        """Yield pieces of a MiB."""
        view = memoryview(body)
        return (view[at : at + MIB] for at in range(0, len(view), MIB))


class BundleSink(Protocol):
    """Takes the CAR sections of one bundle at a time.

    Order of calls: begin, put.., (segment, put..).., finish; or abort at any point. After an error
    the open request or file is gone, but the bundle's nodes stand: to nodes, put the same segment
    again; to a directory, begin the bundle again. Repeating is harmless: content has one name (I3).
    """

    def begin(self, bundle_id: int, tag: str, nodes: Sequence[KuboEndpoint] = ()) -> None:
        """Start a bundle. tag: `EPOCH-TRY`, unique for this bundle within the workspace."""

    def put(self, parts: list[bytes], n: int) -> None:
        """Take framed sections, n bytes in all. May keep the parts: they must never change."""

    def put_now(self, parts: Sequence[Piece], n: int) -> None:
        """Take framed sections and be done with them on return: their buffers may be reused."""

    def segment(self, sections: int, section_bytes: int) -> None:
        """End a segment of a large object, whose counts (block data only) must agree."""

    def finish(self, root: Cid, sections: int, section_bytes: int, manifest: bytes) -> SinkReceipt:
        """End the bundle; on return its blocks are counted on every node, or its file is durable.

        sections, section_bytes: since begin, or since the last segment.
        manifest: the manifest's text, for sinks that keep a copy.
        """

    def abort(self) -> None:
        """Forget the bundle. Never raises; harmless when nothing is open."""

    def close(self) -> None:
        """Abort, and let connections go."""


class DiscardSink:
    """Counts bytes and keeps nothing: what remains is the cost of building."""

    def __init__(self) -> None:
        self._bytes = 0

    def begin(self, bundle_id: int, tag: str, nodes: Sequence[KuboEndpoint] = ()) -> None:  # noqa: ARG002  # the protocol's names
        """Start at nothing."""
        self._bytes = 0

    def put(self, parts: list[bytes], n: int) -> None:  # noqa: ARG002  # the protocol's names
        """Count n bytes."""
        self._bytes += n

    def put_now(self, parts: Sequence[Piece], n: int) -> None:  # noqa: ARG002  # the protocol's names
        """Count n bytes."""
        self._bytes += n

    def segment(self, sections: int, section_bytes: int) -> None:
        """Do nothing."""

    def finish(
        self,
        root: Cid,  # noqa: ARG002  # the protocol's names
        sections: int,  # noqa: ARG002  # the protocol's names
        section_bytes: int,  # noqa: ARG002  # the protocol's names
        manifest: bytes,  # noqa: ARG002  # the protocol's names
    ) -> SinkReceipt:
        """Return what was counted."""
        return SinkReceipt(self._bytes, ())

    def abort(self) -> None:
        """Forget the count."""
        self._bytes = 0

    def close(self) -> None:
        """Forget the count."""
        self._bytes = 0
