from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.units import (
    duration_text,
    parse_duration,
    parse_rate,
    parse_share,
    parse_size,
    rate_text,
    size_text,
)
from core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1MiB", 1 << 20),
        (" 1 MiB ", 1 << 20),
        ("1.5GiB", 3 << 29),
        ("100MB", 10**8),
        ("64KiB", 65536),
        ("0B", 0),
        ("104857600B", 104857600),
        ("2TB", 2 * 10**12),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "1", "MiB", "1 mib", "-1MiB", "1.5B", "1e3B", "1MiB1", "\u0661MiB"]
)
def test_a_size_without_a_known_unit_is_refused_and_the_forms_are_named(text: str) -> None:
    with pytest.raises(BadInput, match="1MiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300s", 300), ("500ms", 0.5), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("7d", 604800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "300", "s", "-1s", "1s1m", "5s5s", "1w", "5 s x", "1h30"])
def test_a_duration_without_a_known_unit_is_refused_and_the_forms_are_named(text: str) -> None:
    with pytest.raises(BadInput, match="1h30m"):
        parse_duration(text)


@given(st.integers(0, 2**55))
def test_a_size_reads_back(size: int) -> None:
    assert parse_size(size_text(size)) == size
    assert parse_rate(rate_text(size)) == size


@given(st.integers(0, 10**10))
def test_a_duration_reads_back_to_the_millisecond(millis: int) -> None:
    assert parse_duration(duration_text(millis / 1000)) == millis / 1000


@pytest.mark.parametrize("text", ["50MiB", "50/s", "fast", "50MiB/m"])
def test_a_rate_needs_its_second(text: str) -> None:
    with pytest.raises(BadInput, match="50MiB/s"):
        parse_rate(text)


def test_shares() -> None:
    assert parse_share("10%") == 0.1
    assert parse_share("0.05 %") == 0.0005
    for text in ("10", "101%", "%", "-1%"):
        with pytest.raises(BadInput, match="percentage"):
            parse_share(text)


def test_outside_text_in_a_refusal_is_safe() -> None:
    with pytest.raises(BadInput) as caught:
        parse_size("1\x1b[2J")
    assert "\x1b" not in str(caught.value)
