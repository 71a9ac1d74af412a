from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import display
from core.errors import BadInput

RAW = st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda s: s.encode("utf-8")))
HOSTILE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def unescape(shown: str) -> bytes:
    """The inverse of safe: that there is one makes it injective."""
    out = bytearray()
    at = 0
    while at < len(shown):
        if shown[at] != "\\":
            out += shown[at].encode()
            at += 1
        elif shown[at + 1] == "\\":
            out += b"\\"
            at += 2
        elif shown[at + 1] == "x":
            out.append(int(shown[at + 2 : at + 4], 16))
            at += 4
        else:
            end = shown.index("}", at)
            out += chr(int(shown[at + 3 : end], 16)).encode("utf-8", "surrogatepass")
            at = end + 1
    return bytes(out)


@given(RAW)
@example(b"\\x1b")
@example(b"\xed\xb3\xbf")
@example(b"\\u{1b}\x1b\xff")
def test_distinct_texts_stay_distinct(raw: bytes) -> None:
    assert unescape(display.safe(raw)) == raw


@given(RAW)
def test_nothing_that_a_terminal_obeys_is_left(raw: bytes) -> None:
    shown = display.safe(raw)
    assert shown.isprintable()
    assert not {unicodedata.category(c) for c in shown} & HOSTILE
    assert display.safe(raw.decode("utf-8", "surrogateescape")) == shown


def test_every_control_format_and_bidirectional_character_is_escaped() -> None:
    bidirectional = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B", "S", "BN"}
    left = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (
            unicodedata.category(chr(code)) in HOSTILE
            or unicodedata.bidirectional(chr(code)) in bidirectional
        )
        and display.safe(chr(code)) == chr(code)
    ]
    assert left == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"photos/2024/IMG 1.jpg", "photos/2024/IMG 1.jpg"),
        ("grün/写真/é.jpg".encode(), "grün/写真/é.jpg"),
        (b"photos/priv/a\xffb\xe2\x80\xae.txt", "photos/priv/a\\xffb\\u{202e}.txt"),
        (b"\x1b]52;c;x\x07", "\\u{1b}]52;c;x\\u{7}"),
        (b"a\\b", "a\\\\b"),
        (b"\r\n\t\x00\x7f", "\\u{d}\\u{a}\\u{9}\\u{0}\\u{7f}"),
        ("a\u00a0b".encode(), "a\\u{a0}b"),
        (b"", ""),
    ],
)
def test_examples_of_safe_text(raw: bytes, shown: str) -> None:
    assert display.safe(raw) == shown


@given(RAW, RAW, RAW)
@example(b"a/b", b"k", b"")
def test_an_object_name_reads_back(bucket: bytes, key: bytes, version: bytes) -> None:
    name = display.object_name(bucket, key, version)
    assert display.parse_object_name(name, of_row=True) == (bucket, key, version)
    if bucket and key:
        assert display.parse_object_name(name) == (bucket, key, version)
    assert name.isprintable()
    assert not {unicodedata.category(c) for c in name} & HOSTILE


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((b"photos", b"a/x.jpg"), "photos/a/x.jpg"),
        ((b"photos", b"50%?.txt"), "photos/50%25%3F.txt"),
        ((b"photos", b"a\xff\n"), "photos/a%FF%0A"),
        ((b"photos", "é\\".encode()), "photos/é\\"),
        ((b"photos", b"a", b"null"), "photos/a?versionId=null"),
    ],
)
def test_examples_of_object_names(parts: tuple[bytes, ...], name: str) -> None:
    assert display.object_name(*parts) == name


@pytest.mark.parametrize("text", ["", "photos", "/a", "photos/", "photos/a?versionId="])
def test_what_names_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="BUCKET/KEY"):
        display.parse_object_name(text)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 KB"),
        (9994, "9.99 KB"),
        (9996, "10.0 KB"),
        (99_960, "100 KB"),
        (999_499, "999 KB"),
        (999_600, "1.00 MB"),
        (412_000_000, "412 MB"),
        (4_700_000_000_000, "4.70 TB"),
        (10**21, "1000 EB"),
    ],
)
def test_sizes_have_three_figures(size_bytes: int, text: str) -> None:
    assert display.size(size_bytes) == text


@given(st.integers(1, 10**20))
def test_a_size_is_right_to_half_a_percent(n: int) -> None:
    number, unit = display.size(n).split()
    factor = 1000 ** ["B", "KB", "MB", "GB", "TB", "PB", "EB"].index(unit)
    assert abs(float(number) * factor - n) <= n * 0.00501 + 0.5
    assert len(number.replace(".", "")) <= 3


def test_a_figure_of_one_is_in_the_singular() -> None:
    assert [display.figure(n, "rows_written") for n in (1, 2)] == [
        "1 row written",
        "2 rows written",
    ]
    assert [display.figure(1, name) for name in ("rounds", "still_failed")] == [
        "1 round",
        "1 still failed",
    ]
    assert display.figure(1200, "carried_again") == "1,200 carried again"


def test_counts_have_commas() -> None:
    assert display.count(12_004_118) == "12,004,118"


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_i7_a_hundred_percent_only_when_nothing_is_left(done: int, total: int) -> None:
    shown = display.percent(min(done, total), total)
    assert (shown == "100.0 %") == (done >= total)


def test_percentages_are_cut() -> None:
    assert display.percent(2, 3) == "66.6 %"
    assert display.percent(0, 0) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.99, "9.9 s"),
        (10, "10 s"),
        (59.9, "59 s"),
        (60, "1 m"),
        (3599, "59 m"),
        (7200, "2 h"),
        (86_399, "23 h"),
        (7 * 86_400, "7 d"),
    ],
)
def test_ages_are_cut_to_one_unit(seconds: float, text: str) -> None:
    assert display.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (42.4, "42 s"),
        (59.6, "1 m 00 s"),
        (245, "4 m 05 s"),
        (3599.6, "1 h 00 m"),
        (11_400, "3 h 10 m"),
        (14_700, "4 h 05 m"),
        (86_395, "1 d 00 h"),
        (187_200, "2 d 04 h"),
        (172_799, "2 d 00 h"),
    ],
)
def test_durations_are_rounded_to_two_units(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


@pytest.mark.parametrize(
    ("n", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1_200, "1,200 rows")]
)
def test_a_count_has_its_noun_in_the_plural_but_for_one(n: int, told: str) -> None:
    assert display.counted(n, "row") == told
