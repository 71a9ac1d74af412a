"""The recorder's frames: what goes in comes out, and a torn end takes nothing else along."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control.flight import frames as flight
from tests.tui import stage

PACKED = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8)


def _segment(packed: list[bytes], keys: set[int]) -> bytes:
    """Return a segment of these payloads; keys: which of them are key frames."""
    out = flight.MAGIC
    for nth, one in enumerate(packed):
        if nth == 0 or nth in keys:
            out += flight.key_frame(nth, one)
        else:
            out += flight.delta_frame(nth, one, packed[nth - 1])
    return out


def _all(segment: bytes) -> list[bytes]:
    before, out = b"", []
    for frame in flight.scan(segment).frames:
        before = flight.inflate(segment, frame, before)
        out.append(before)
    return out


@given(PACKED, st.sets(st.integers(0, 8)))
def test_frames_read_back_as_what_was_written(packed: list[bytes], keys: set[int]) -> None:
    segment = _segment(packed, keys)
    assert _all(segment) == packed
    assert [frame.at_ns for frame in flight.scan(segment).frames] == list(range(len(packed)))
    assert flight.scan(segment).torn_bytes == 0


@given(PACKED, st.data())
def test_a_segment_that_is_cut_loses_the_cut_frame_and_no_other(
    packed: list[bytes], data: st.DataObject
) -> None:
    segment = _segment(packed, set())
    at = data.draw(st.integers(len(flight.MAGIC), len(segment)))
    ends = [len(_segment(packed[: n + 1], set())) for n in range(len(packed))]
    whole = sum(end <= at for end in ends)
    assert _all(segment[:at]) == packed[:whole]
    assert (flight.scan(segment[:at]).torn_bytes > 0) == (at not in {len(flight.MAGIC), *ends})


@given(PACKED, st.data())
def test_a_changed_byte_is_never_read_as_a_snapshot_of_ours(
    packed: list[bytes], data: st.DataObject
) -> None:
    segment = bytearray(_segment(packed, set()))
    at = data.draw(st.integers(len(flight.MAGIC), len(segment) - 1))
    segment[at] ^= data.draw(st.integers(1, 255))
    assert _all(bytes(segment)) == packed[: len(_all(bytes(segment)))]


def test_the_begin_of_a_head_is_a_segment_without_frames() -> None:
    for length in range(len(flight.MAGIC)):
        assert flight.scan(flight.MAGIC[:length]).frames == []


def test_another_file_is_no_segment() -> None:
    with pytest.raises(flight.Damaged):
        flight.scan(b"SQLite format 3\0")


def test_a_snapshot_comes_back_whole() -> None:
    now = stage.snapshot()
    assert flight.unpack(flight.pack(now, lambda text: text)) == now


def test_i9_every_text_of_a_snapshot_is_cleaned() -> None:
    workspace = msgspec.structs.replace(stage.snapshot().workspace, target="dir hunter2")
    event = stage.event(1, "said hunter2", who="hunter2")
    now = stage.snapshot(workspace=workspace, events=[event], failed_by={"hunter2": 1})
    packed = flight.pack(now, lambda text: text.replace("hunter2", "[secret]"))
    assert b"hunter2" not in packed


def test_a_second_like_the_one_before_takes_a_few_bytes() -> None:
    one = flight.pack(stage.snapshot(), lambda text: text)
    two = flight.pack(stage.snapshot(at_ns=stage.NOON_NS + stage.S), lambda text: text)
    assert len(flight.delta_frame(0, two, one)) < len(flight.key_frame(0, one)) / 20


def test_a_payload_that_swells_beyond_any_snapshot_is_refused() -> None:
    segment = flight.MAGIC + flight.key_frame(0, bytes(flight.LARGEST + 1))
    with pytest.raises(flight.Damaged):
        flight.inflate(segment, flight.scan(segment).frames[0], b"")
