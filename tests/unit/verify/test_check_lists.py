"""A check's lists: what is written is what pages show and what a repair reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, WrongState
from core.verify.check_lists import write_lists
from core.verify.difference import APART, Difference, Ill, Listed
from core.verify.list_files import contents_path
from core.verify.list_pages import ListPages
from core.verify.report_reading import differences

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"
KEYS = [b"a", b"a/\xc3\xbc %?\n", b"b\x1b[2J", b"c"]


def found() -> list[Difference]:
    """Differences as findings give them: by bucket and key."""
    made = [
        Difference(Listed.EXTRA, APART, ROOT.encode(), b"", Ill.ORPHAN_PIN, "pin", "", "vgwm", ROOT)
    ]
    made += [
        Difference(Listed.DIFFER, APART, key, b"", Ill.STALE_CACHE, "", "no row", "x", "cache ?")
        for key in (b"bucket:gone", b"mapping:b:\xff")
    ]
    for bucket in (b"one", b"two"):
        for n in range(3_000):
            key = KEYS[n % 4] + b"%06d" % n
            made += [
                Difference(Listed.DIFFER, bucket, key, b"", Ill.WRONG_SIZE, "size", "1", "2"),
                Difference(
                    Listed.DIFFER, bucket, key, b"", Ill.WRONG_CID, "cid", "x", "y", bundle=n
                ),
            ]
        made.append(Difference(Listed.MISSING, bucket, b"zz", b"", Ill.NO_ROW, bundle=9))
    return made


def test_pages_at_any_place_hold_the_very_lines(tmp_path: Path) -> None:
    made = found()
    write_lists(tmp_path, lambda: iter(made), sound=77, partial=False)
    pages = ListPages()
    told = pages.contents(tmp_path).lists
    assert (told[Listed.EQUAL].objects, told[Listed.EQUAL].rows) == (77, 0)
    assert (told[Listed.DIFFER].objects, told[Listed.DIFFER].rows) == (6_002, 12_002)
    differ = [one for one in made if one.listed is Listed.DIFFER]
    for at in (0, 1, 4_095, 4_096, 9_999, 11_990):
        page = pages.page(tmp_path, Listed.DIFFER, at, 20)
        assert page.total == 12_002
        assert [line.kind for line in page.lines] == [one.ill for one in differ[at : at + 20]]
    of_kind = pages.page(tmp_path, Listed.DIFFER, 2_999, 5, kind="wrong_cid", bucket="two")
    assert (of_kind.total, [line.bundle for line in of_kind.lines]) == (3_000, [2_999])


def test_a_repair_reads_every_difference_to_the_byte(tmp_path: Path) -> None:
    made = found()
    write_lists(tmp_path, lambda: iter(made), sound=0, partial=False)
    assert sorted(differences(tmp_path)) == sorted(made)


def test_lists_that_are_not_whole_are_none(tmp_path: Path) -> None:
    write_lists(tmp_path, lambda: iter(found()), sound=0, partial=False)
    contents_path(tmp_path).unlink()
    with pytest.raises(WrongState):
        list(differences(tmp_path))


@pytest.mark.parametrize("line", [b"{", b'{"object":"x"}', b'{"object":"b/k","kind":"?"}', b"[]"])
def test_a_line_of_somebody_else_is_named(tmp_path: Path, line: bytes) -> None:
    write_lists(tmp_path, lambda: iter(found()), sound=0, partial=False)
    with (tmp_path / "missing.ndjson").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(BadInput, match="line 3"):
        list(differences(tmp_path))
