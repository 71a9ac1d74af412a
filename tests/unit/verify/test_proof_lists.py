"""Pages of the lists: at any place, of a kind and a bucket, each row once, for a page's price."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.display import parse_object_name, safe
from core.errors import BadInput, Broken, WrongState
from core.verify import list_pages
from core.verify.difference import Difference, Ill, Listed
from core.verify.key_judge import Said
from core.verify.lines import difference_of, equal_lines, line_of, read_line
from core.verify.list_files import MOST_STEP, STEP, steps_path
from core.verify.list_maker import make_lists
from core.verify.list_pages import ListPages
from core.verify.part_files import AgainPart, JoinPart
from core.verify.segments import Segment, cuts, segment_keys

if TYPE_CHECKING:
    from pathlib import Path

    from core.verify.lines import Line

KINDS = (Ill.NO_PIN, Ill.WRONG_CID, Ill.WRONG_SIZE)
BUCKETS = (b"a", b"b\xff", b"c")


class Made(NamedTuple):
    """Lists on disk, and what stands in `differ`, in order."""

    folder: Path
    differ: list[Difference]
    equal: int


def made(folder: Path, *, parts: int = 9, keys: int = 40) -> Made:
    """Make lists of some parts, with differences among them."""
    dice = random.Random(5)  # noqa: S311 - the same lists every time
    (folder / "parts").mkdir()
    differ: list[Difference] = []
    segments, equal = [], 0
    for number in range(1, parts + 1):
        bucket = BUCKETS[(number - 1) * len(BUCKETS) // parts]
        segments.append(Segment(number=number, bucket=bucket, bucket_id=1))
        names = [b"%02d/k%04d" % (number, n) for n in range(keys)]
        odd = [name for name in names if dice.random() < 0.4]
        with JoinPart(folder, number, bucket) as part:
            some = [name for name in names if name not in odd]
            for at in range(0, len(some), 7):
                part.equal(some[at : at + 7], [b""] * len(some[at : at + 7]))
            for name in odd:
                part.look_again(name, b"")
            part.done()
        with AgainPart(folder, number, bucket) as again:
            for name in odd:
                lines = [
                    Difference(Listed.DIFFER, bucket, name, b"", kind, "f", "w", "x", "n", 7)
                    for kind in KINDS
                    if dice.random() < 0.5
                ]
                said = Said(listed=Listed.DIFFER if lines else Listed.EQUAL, lines=lines)
                again.listed(name, b"", said)
                differ += lines
                equal += not lines
            again.done()
        equal += len(some)
    make_lists(folder, segments, partial=False, told=lambda _n: None)
    return Made(folder, differ, equal)


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("lists"))


@pytest.mark.parametrize("bucket", ["", *(safe(one) for one in BUCKETS), "none"])
@pytest.mark.parametrize("kind", ["", *KINDS, Ill.NO_ROW])
def test_pages_hold_each_row_of_a_kind_and_bucket_once_and_in_order(
    lists: Made, kind: str, bucket: str
) -> None:
    wanted = [
        one for one in lists.differ if kind in {"", one.ill} and bucket in {"", safe(one.bucket)}
    ]
    pages, at, found = ListPages(), 0, []
    while True:
        page = pages.page(lists.folder, Listed.DIFFER, at, 11, kind=kind, bucket=bucket)
        assert page.total == len(wanted)
        if not page.lines:
            break
        found += [difference_of(line, Listed.DIFFER) for line in page.lines]
        at += len(page.lines)
    assert found == wanted


@pytest.mark.parametrize("at", [0, 1, 6, 7, 8, 100, 215, 10_000])
def test_a_page_of_the_equal_begins_at_any_row(lists: Made, at: int) -> None:
    pages = ListPages()
    whole = pages.page(lists.folder, Listed.EQUAL, 0, 1_000)
    assert whole.total == len(whole.lines) == lists.equal
    assert pages.page(lists.folder, Listed.EQUAL, at, 5).lines == whole.lines[at : at + 5]


def test_a_page_deep_in_a_long_list_reads_little_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts").mkdir()
    keys = [b"k%09d" % n for n in range(200_000)]
    with JoinPart(tmp_path, 1, b"photos") as part:
        for at in range(0, len(keys), 1_000):
            part.equal(keys[at : at + 1_000], [b""] * 1_000)
        part.done()
    make_lists(
        tmp_path, [Segment(number=1, bucket=b"photos", bucket_id=1)], partial=False, told=print
    )
    read: list[bytes] = []

    def reading(line: bytes) -> Line:
        read.append(line)
        return read_line(line)

    monkeypatch.setattr(list_pages, "read_line", reading)
    page = ListPages().page(tmp_path, Listed.EQUAL, 199_990, 20)
    assert [line.object for line in page.lines] == [
        f"photos/k{n:09d}" for n in range(199_990, 200_000)
    ]
    assert len(read) == 10
    steps = steps_path(tmp_path, Listed.EQUAL).read_bytes()
    firsts = [first for first, _ in STEP.iter_unpack(steps)]
    assert max(b - a for a, b in pairwise(firsts)) <= MOST_STEP


def test_lists_with_any_byte_changed_are_read_or_said_to_be_damaged(tmp_path: Path) -> None:
    dice = random.Random(7)  # noqa: S311 - the same damage every time
    folder = made(tmp_path, parts=3, keys=12).folder
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    assert paths
    for path in paths:
        whole = path.read_bytes()
        for _ in range(10):
            torn = bytearray(whole)
            at = dice.randrange(len(torn))
            torn[at] ^= 0x80  # also what is no UTF-8, and an offset that no file has
            path.write_bytes(torn[: dice.choice((len(torn), at))])
            for listed in Listed:
                for kind in ("", Ill.WRONG_CID):
                    with suppress(Broken, WrongState):
                        ListPages().page(folder, listed, 5, 10, kind=kind)
        path.write_bytes(whole)


def test_lists_that_are_not_made_yet_and_kinds_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongState):
        ListPages().page(tmp_path, Listed.DIFFER, 0, 10)
    with pytest.raises(BadInput, match="no kind"):
        ListPages().page(tmp_path, Listed.DIFFER, 0, 10, kind="odd")


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=8), st.binary(min_size=1, max_size=5))
def test_lines_of_equal_keys_name_them_to_the_byte(keys: list[bytes], bucket: bytes) -> None:
    bucket = bucket.replace(b"/", b"-")
    lines = equal_lines(bucket, keys).splitlines()
    assert [parse_object_name(read_line(line).object) for line in lines] == [
        (bucket, key, b"") for key in keys
    ]


@given(st.binary(min_size=1), st.binary(max_size=9), st.text(), st.text())
def test_a_difference_reads_back_from_its_line(
    key: bytes, version: bytes, wanted: str, found: str
) -> None:
    one = Difference(
        Listed.DIFFER, b"b", key, version, Ill.WRONG_SIZE, "size", wanted, found, "kubo-1", 9
    )
    assert difference_of(read_line(line_of(one)), Listed.DIFFER) == one


@given(st.lists(st.integers(1, 9)), st.integers(1, 20))
def test_parts_end_at_bundles_and_leave_no_key_out(sizes: list[int], keys: int) -> None:
    ends = [(b"k%04d" % n, size) for n, size in enumerate(sizes)]
    found = list(cuts(ends, keys))
    assert found == sorted(set(found))
    held, parts = 0, []
    for end, size in ends:
        held += size
        if end in found:
            parts.append(held)
            held = 0
    assert all(part >= keys for part in parts)
    assert segment_keys(10) == segment_keys(50_000) == 50_000
    assert segment_keys(10**9) == 10**6
