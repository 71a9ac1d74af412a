"""A large object's segments: each ends at its bytes, and the board counts bytes, not objects."""

from __future__ import annotations

from core.dag.cid import RAW
from core.engine.crew.board import Board, Step
from core.engine.crew.task import CopyTask
from core.engine.worker.carry import Segments
from core.engine.worker.packing import Packer
from core.model import BundleKind, Cid
from core.target.sink import DiscardSink


class CountingSink(DiscardSink):
    """Notes the segments that it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.segments: list[tuple[int, int]] = []

    def segment(self, sections: int, section_bytes: int) -> None:
        self.segments.append((sections, section_bytes))


def test_segments_end_at_their_bytes_and_the_last_one_stays_open() -> None:
    board, sink = Board.create(), CountingSink()
    packer = Packer(sink)
    task = CopyTask(
        bundle=7,
        epoch=1,
        attempt=1,
        bucket=b"b",
        bucket_id=1,
        owner="",
        kind=BundleKind.LARGE,
        size_bytes=50,
        entries=[(b"k", b"")],
        nodes=(),
        peers=(),
    )
    segments = Segments(sink, packer, board.desk(0), task, 20)
    for number in range(5):
        packer.emit(Cid(RAW + bytes([number]) * 32), b"x" * 10)
        segments.after(10 * (number + 1))
    assert sink.segments == [(2, 20), (2, 20)]
    assert packer.end_segment() == (1, 10)
    seen = board.read(0)
    assert (seen.step, seen.done, seen.total, seen.size_bytes) == (Step.STREAM, 50, 50, 50)
