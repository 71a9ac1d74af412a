"""A canary's blocks are those that a node would make of the same file."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.car import NO_ROOTS
from core.dag.car_reading import blocks
from core.probe.canary_car import make


@given(st.binary(min_size=32, max_size=32))
def test_i2_each_block_of_a_canary_matches_its_cid(seed: bytes) -> None:
    canary = make(seed)
    whole = BytesIO(NO_ROOTS + b"".join(canary.sections))
    found = list(blocks(whole, check=True))
    assert found[-1][0] == canary.root
    assert sum(len(block) for _, block in found) == canary.block_bytes


def test_two_canaries_share_no_block() -> None:
    one, other = make(bytes(32)), make(b"\1" * 32)
    assert not set(one.sections) & set(other.sections)


def test_a_flipped_bit_is_seen() -> None:
    canary = make(bytes(32))
    assert canary.holds(canary.content)
    assert not canary.holds(canary.content[:-1] + b"\1")


def test_the_path_leads_below_the_root() -> None:
    canary = make(bytes(32))
    assert canary.path == f"{cids.text(canary.root)}/000000"
