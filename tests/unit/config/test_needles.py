"""Secrets found in texts: every one, the longest first, and short ones left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.config.legacy.needles import SHORTEST, Needles

WORDS = st.text(alphabet="ab", min_size=1, max_size=7)


@given(st.lists(WORDS, max_size=6), st.text(alphabet="abc", max_size=60))
def test_i9_none_is_left_in_a_text(values: list[str], text: str) -> None:
    needles = Needles(values)
    looked_for = [one for one in values if len(one) >= SHORTEST]
    replaced = needles.replaced(text, lambda _: "-")
    assert not [one for one in looked_for if one in replaced]
    assert needles.stand_in(text) == any(one in text for one in looked_for)
    if not needles.stand_in(text):
        assert replaced == text


def test_the_longest_of_two_with_one_beginning_is_taken_whole() -> None:
    needles = Needles(["abcd", "abcdef", "xyz"])
    assert needles.replaced("1 abcdef 2 abcd 3 xyz", lambda one: f"<{len(one)}>") == (
        "1 <6> 2 <4> 3 xyz"
    )
