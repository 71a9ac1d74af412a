"""What a sink does at its throttle: small pieces, and bodies that are given up halfway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.errors import WorkHeld
from core.model import KIB, MIB
from core.target.dir_store import DirStore
from core.target.sink_dir import DirSink
from core.target.sink_kubo import KuboSink
from tests.fakes.bundles import bundle, contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.target.sink import Piece
    from tests.fakes.bundles import SmallBundle
    from tests.fakes.ipfs_contract import Site
    from tests.fakes.kubo_server import FakeKubo

WHOLE = bundle(contents("whole", 4, MIB))
CHUNKED = bundle(contents("chunked", 20, MIB))
SMALL = bundle(contents("small", 5))


class Counting:
    """Lets pieces of 64 KiB pass, and counts all copies; gives up after `most` bytes."""

    def __init__(self) -> None:
        self.passed = 0
        self.most = 1 << 60

    def slows(self) -> bool:
        return True

    def take(self, size_bytes: int) -> None:
        if self.passed + size_bytes > self.most:
            raise WorkHeld(what="held for too long", where="test", remedy="None.")
        self.passed += size_bytes

    def pieces(self, body: Piece, copies: int) -> Iterator[memoryview]:
        view = memoryview(body)
        for at in range(0, len(view), 64 * KIB):
            piece = view[at : at + 64 * KIB]
            self.take(copies * len(piece))
            yield piece


@pytest.mark.parametrize("sent", [WHOLE, CHUNKED], ids=["whole", "chunked"])
def test_every_byte_of_every_copy_passes_the_throttle(
    site: Site, kubos: list[FakeKubo], sent: SmallBundle
) -> None:
    throttle = Counting()
    sink = KuboSink(idle_s=20, throttle=throttle)
    sent.send(sink, site.nodes[:2])
    sink.close()
    received = sum(kubo.server.received for kubo in kubos)
    assert received >= 2 * sum(map(len, sent.sections))
    assert received <= throttle.passed <= received + 2_000  # chunks have heads of their own


@pytest.mark.parametrize("sent", [WHOLE, CHUNKED], ids=["whole", "chunked"])
def test_a_body_given_up_halfway_spoils_no_connection_for_the_next_bundle(
    site: Site, kubos: list[FakeKubo], sent: SmallBundle
) -> None:
    throttle = Counting()
    sink = KuboSink(idle_s=20, throttle=throttle)
    SMALL.send(sink, site.nodes[:2])
    throttle.most = throttle.passed + 2 * MIB
    with pytest.raises(WorkHeld):
        sent.send(sink, site.nodes[:2], number=2)
    sink.abort()
    throttle.most = 1 << 60
    assert sent.send(sink, site.nodes[:2], number=2).nodes == ("kubo-1", "kubo-2")
    sink.close()
    for kubo in kubos[:2]:
        assert kubo.holds(cids.text(sent.root)) is not None


def test_a_directory_is_written_in_pieces_and_a_file_sent_is_gone(tmp_path: Path) -> None:
    store = DirStore(tmp_path)
    store.prepare()
    throttle = Counting()
    sink = DirSink(tmp_path, throttle=throttle)
    throttle.most = MIB
    with pytest.raises(WorkHeld):
        WHOLE.send(sink)
    sink.abort()
    assert not list((tmp_path / "tmp").iterdir())
    throttle.most, throttle.passed = 1 << 60, 0
    receipt = WHOLE.send(sink)
    sink.close()
    assert store.confirm(WHOLE.root, receipt.car_bytes)
    assert throttle.passed == sum(map(len, WHOLE.sections))
