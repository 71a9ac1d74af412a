"""Bundles made by the shortest way, for tests of what takes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.dag import car
from core.dag.cid import RAW
from core.dag.directory import MANIFEST, FlatDirectory
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.target.sink import BundleSink, KuboEndpoint, SinkReceipt


@dataclass(frozen=True, slots=True)
class SmallBundle:
    """Objects of at most 1 MiB each under one flat directory, with a manifest of one chunk."""

    root: Cid
    cids: tuple[Cid, ...]
    sections: tuple[bytes, ...]
    section_bytes: int
    manifest: bytes

    @property
    def count(self) -> int:
        return len(self.sections)

    def put(self, sink: BundleSink, sections: Sequence[bytes] | None = None) -> None:
        """Put its sections, or others, one by one."""
        for section in self.sections if sections is None else sections:
            sink.put([section], len(section))

    def send(
        self, sink: BundleSink, nodes: Sequence[KuboEndpoint] = (), *, number: int = 1
    ) -> SinkReceipt:
        """Send it whole."""
        sink.begin(number, "1-1", nodes)
        self.put(sink)
        return sink.finish(self.root, self.count, self.section_bytes, self.manifest)


def bundle(objects: Sequence[bytes], manifest: bytes = b'{"v":1}\n') -> SmallBundle:
    """Return a bundle of these distinct contents."""
    directory = FlatDirectory()
    cids, sections, section_bytes = [], [], 0
    named = [(b"%06d" % i, content) for i, content in enumerate(objects)]
    for name, content in (*named, (MANIFEST, manifest)):
        cid = Cid(RAW + hashlib.sha256(content).digest())
        directory.add(name, cid, len(content))
        cids.append(cid)
        sections.append(car.section(cid, content))
        section_bytes += len(content)
    root, block, _ = directory.finish()
    sections.append(car.section(root, block))
    return SmallBundle(
        root, tuple(cids[:-1]), tuple(sections), section_bytes + len(block), manifest
    )


def contents(seed: str, count: int, size: int = 100) -> list[bytes]:
    """Return distinct contents that no other seed gives."""
    return [hashlib.shake_128(f"{seed} {i}".encode()).digest(size) for i in range(count)]
