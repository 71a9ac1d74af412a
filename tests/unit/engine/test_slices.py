"""Which buckets a slice has: every bucket is in one of them, and what was switched stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.slices import Slices
from core.errors import BadInput

THERE = ("docs", "films", "photos", "songs")
NONE = Slices(named={}, begun=(), switched={}, there=THERE)
TWO = replace(NONE, named={"one": ("photos",), "two": ("songs", "films")})


def test_with_no_slice_named_there_is_everything_and_it_has_no_list() -> None:
    assert NONE.names == ("all",)
    assert NONE.buckets("all") == ()
    assert NONE.hindered("all") == ""
    for name in ("rest", "one"):
        with pytest.raises(BadInput, match=f"there is no slice {name}"):
            NONE.buckets(name)


def test_with_slices_named_the_rest_is_one_more_and_everything_is_none_to_begin() -> None:
    assert TWO.names == ("one", "two", "rest")
    assert TWO.buckets("rest") == ("docs",)
    assert "each goes by itself, one, two, rest" in TWO.hindered("all")
    assert [TWO.hindered(name) for name in TWO.names] == ["", "", ""]


def test_a_bucket_that_the_source_does_not_have_hinders_its_slice_before_any_fence() -> None:
    wrong = replace(NONE, named={"one": ("photos", "fotos")})
    assert wrong.hindered("one") == "the source has no bucket fotos"


@given(st.lists(st.sampled_from(THERE), unique=True))
def test_i4_each_bucket_is_in_one_slice_and_none_of_them_means_everything(held: list[str]) -> None:
    slices = replace(NONE, named={f"s{n}": (bucket,) for n, bucket in enumerate(held)})
    names = slices.names
    if not held:
        assert names == ("all",)
        return
    assert all(slices.buckets(name) for name in names)
    assert sorted(bucket for name in names for bucket in slices.buckets(name)) == sorted(THERE)
    if len(held) == len(THERE):
        with pytest.raises(BadInput, match="no bucket is left for it"):
            slices.buckets("rest")


def test_a_slice_at_green_has_what_its_run_took_whatever_the_file_says_by_now() -> None:
    live = replace(TWO, begun=("rest",), switched={"rest": ("docs",)}, there=(*THERE, "new"))
    assert live.buckets("rest") == ("docs",)
    renamed = replace(live, named={"three": ("docs", "new")})
    assert renamed.names == ("three", "rest")
    assert renamed.buckets("rest") == ("docs",)
    assert renamed.hindered("three") == "bucket docs is at green with slice rest"
    unnamed = replace(live, named={}, begun=("one", "rest"), switched={"one": ("photos",)})
    assert unnamed.names == ("all", "one", "rest")
    assert unnamed.buckets("one") == ("photos",)
    assert unnamed.shown("rest") == ()


def test_a_bucket_that_a_slice_took_to_green_is_in_no_rest_when_its_name_is_gone() -> None:
    live = replace(TWO, named={"two": TWO.named["two"]}, switched={"one": ("photos",)})
    assert live.buckets("rest") == ("docs",)
