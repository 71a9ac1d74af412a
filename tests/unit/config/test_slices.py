"""Slices hold every bucket once, or are refused before anything is begun."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.slices import REST, check, cover, parse, text
from core.errors import BadInput

NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{2,8}\Z")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["x"], "NAME=BUCKET"),
        (["x="], "NAME=BUCKET"),
        (["x=,"], "NAME=BUCKET"),
        (["all=b"], "a-z"),
        (["rest=b"], "a-z"),
        (["Big=b"], "a-z"),
        (["x=b", "x=c"], "twice"),
        (["x=b", "y=b"], "in x as well"),
        (["x=b,b"], "in x as well"),
    ],
)
def test_what_is_no_slice_is_refused_with_its_reason(words: list[str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parse(words)


def test_a_slice_without_a_bucket_is_refused_for_none_means_everything() -> None:
    with pytest.raises(BadInput, match="names no bucket"):
        check({"x": ()})


def test_a_bucket_that_the_source_does_not_have_is_refused() -> None:
    with pytest.raises(BadInput, match="no bucket nope"):
        cover({"x": ("nope",)}, ["photos"])


@given(st.lists(NAMES, unique=True, min_size=1), st.data())
def test_i4_every_bucket_is_in_one_slice_and_the_text_reads_back(
    buckets: list[str], data: st.DataObject
) -> None:
    named = data.draw(st.lists(st.sampled_from(buckets), unique=True))
    slices = {f"s{n}": (bucket,) for n, bucket in enumerate(named)}
    assert parse(text(slices).split()) == slices
    whole = cover(slices, buckets)
    if not slices:
        assert whole == {}
        return
    held = [bucket for each in whole.values() for bucket in each]
    assert sorted(held) == sorted(buckets)
    assert (REST in whole) == (len(named) < len(buckets))
