"""Cutting entries into bundles: every entry once, in order, within bounds, keys whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.engine.planning.bundling import Cut, Cutter, RawEntry
from core.model import BundleKind

LARGE = 1_000


def cutter(*, batch: int = 5, room: int = 2_000, first: int = 0) -> Cutter:
    return Cutter(
        batch_size=batch,
        bundle_bytes=room,
        large_threshold=LARGE,
        first_bytes=500,
        first_bundles=first,
    )


def entries(sizes: list[int | None], versions: int = 0) -> list[RawEntry]:
    made: list[RawEntry] = []
    for i, size in enumerate(sizes):
        key = b"%06d" % i
        made.append((key, b"", size, i, 0, 0))
        made += [(key, b"V%02d" % (versions - n), size, i, 0, 0) for n in range(versions)]
    return made


SIZES = st.lists(st.one_of(st.none(), st.integers(0, 3 * LARGE)), max_size=60)


def cut_all(made: list[RawEntry], page: int, **bounds: int) -> list[Cut]:
    one = cutter(**bounds)
    cuts: list[Cut] = []
    for at in range(0, len(made), page):
        cuts += one.feed(made[at : at + page])
    return cuts + one.rest()


@given(SIZES, st.integers(0, 3), st.integers(1, 20))
def test_i4_every_entry_is_in_exactly_one_bundle(
    sizes: list[int | None], versions: int, page: int
) -> None:
    made = entries(sizes, versions)
    cuts = cut_all(made, page)
    held = [entry for cut in cuts for entry in cut.entries]
    assert sorted(held) == sorted(made)
    for cut in cuts:
        assert cut.size_bytes == sum(entry[2] or 0 for entry in cut.entries)
        assert [e[0] for e in cut.entries] == sorted(e[0] for e in cut.entries)


@given(SIZES, st.integers(1, 20))
def test_bundles_keep_their_bounds_and_large_objects_stand_alone(
    sizes: list[int | None], page: int
) -> None:
    for cut in cut_all(entries(sizes), page):
        if cut.kind is BundleKind.LARGE:
            assert len(cut.entries) == 1
            assert cut.size_bytes > LARGE
        else:
            assert len(cut.entries) <= 5
            assert len(cut.entries) == 1 or cut.size_bytes <= 2_000


@given(SIZES, st.integers(1, 3), st.integers(1, 20))
def test_i5_what_was_handed_over_ends_between_keys(
    sizes: list[int | None], versions: int, page: int
) -> None:
    """The cursor is the last key handed over: no later bundle holds that key or one before it."""
    one, cursor = cutter(), b""
    made = entries(sizes, versions)
    for at in range(0, len(made), page):
        cuts = one.feed(made[at : at + page])
        keys = [entry[0] for cut in cuts for entry in cut.entries]
        assert all(key > cursor for key in keys)
        cursor = max(keys, default=cursor)
    assert all(entry[0] > cursor for cut in one.rest() for entry in cut.entries)


def test_the_first_bundles_close_early_then_they_are_whole() -> None:
    made = entries([400] * 12)
    sizes = [cut.size_bytes for cut in cut_all(made, 12, first=2)]
    assert sizes == [400, 400, 2_000, 2_000]
