from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.ledger.rows import position_bytes, position_of

# Neither a path of a file system nor a version id holds a NUL.
names = st.binary(max_size=12).map(lambda raw: raw.replace(b"\0", b"\1"))
positions = st.tuples(names, names)


@given(positions)
def test_a_position_comes_back_as_it_was_stored(position: tuple[bytes, bytes]) -> None:
    assert position_of(position_bytes(position)) == position


@given(positions, positions)
def test_stored_positions_sort_as_key_and_version_do(
    one: tuple[bytes, bytes], other: tuple[bytes, bytes]
) -> None:
    assert (position_bytes(one) < position_bytes(other)) == (one < other)
