"""The map's lines: read as HAProxy reads them, changed without losing what is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cutover.map_file import MapFile, changed, parse
from core.cutover.mode import Mode
from core.errors import BadInput, ForeignPlan

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "# who goes where\n/ blue\n\n/photos/ blue\n/docs/ green\n"
BUCKETS = st.lists(st.from_regex(r"[a-z][a-z0-9.-]{2,10}", fullmatch=True), unique=True, max_size=4)


def test_a_bucket_without_a_line_has_the_default_and_a_word_that_is_no_mode_is_unknown() -> None:
    found = parse(TEXT + "/odd/ maybe\n")
    assert found.modes_of(["photos", "docs", "other", "photos2", "odd"]) == (
        ("photos", Mode.BLUE),
        ("docs", Mode.GREEN),
        ("other", Mode.BLUE),
        ("photos2", Mode.BLUE),
        ("odd", None),
    )
    assert parse("/photos/ blue\n").modes_of(["other"]) == (("other", None),)
    assert found.wrong == ["/odd/ maybe is no line of ours"]


def test_of_two_equal_lines_the_first_wins_and_the_second_is_named() -> None:
    found = parse("/ blue\n/a/ green\n/a/ blue\n")
    assert found.modes_of(["a"]) == (("a", Mode.GREEN),)
    assert found.wrong == ["/a/ stands there twice"]


def test_comments_and_other_buckets_survive_a_step_of_one() -> None:
    after = changed(TEXT, ["photos", "new"], Mode.BLUE_RO, "9f2c1a7e.3")
    assert after == (
        "# who goes where\n/ blue\n\n/photos/ blue_ro\n/docs/ green\n/new/ blue_ro\n"
        "/.vgwm/ 9f2c1a7e.3\n"
    )
    assert parse(after).owner == "9f2c1a7e.3"


def test_everything_means_every_line_and_the_default() -> None:
    after = parse(changed("/photos/ blue\n", [], Mode.GREEN_RO, "9f2c1a7e.3"))
    assert after.routes == (("photos", Mode.GREEN_RO), ("/", Mode.GREEN_RO))


@given(BUCKETS, BUCKETS, st.sampled_from(Mode))
def test_a_step_brings_its_buckets_there_and_no_other_and_is_repeatable(
    present: list[str], wanted: list[str], mode: Mode
) -> None:
    text = "/ blue\n" + "".join(f"/{bucket}/ blue\n" for bucket in present)
    after = changed(text, wanted, mode, "9f2c1a7e.3")
    for bucket, got in parse(after).modes_of([*present, *wanted, "another"]):
        assert got is (mode if bucket in wanted or not wanted else Mode.BLUE)
    assert changed(after, wanted, mode, "9f2c1a7e.3") == after


def test_i10_another_workspaces_map_is_refused(tmp_path: Path) -> None:
    file = MapFile(tmp_path / "m", "9f2c1a7e")
    file.check_owner(parse("/ blue\n"))
    file.check_owner(parse("/ blue\n/.vgwm/ 9f2c1a7e.12\n"))
    with pytest.raises(ForeignPlan, match="deadbeef"):
        file.check_owner(parse("/ blue\n/.vgwm/ deadbeef.1\n"))


def test_the_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text("/ blue\n")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)
    before = path.stat().st_ino
    MapFile(tmp_path / "link", "9f2c1a7e").write("/ blue_ro\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("/ blue_ro\n", 0o640)
    assert path.stat().st_ino != before
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "m"]


def test_a_map_that_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        MapFile(tmp_path / "none", "9f2c1a7e").read()
    (tmp_path / "m").write_bytes(b"/ \xff\n")
    with pytest.raises(BadInput, match="no UTF-8"):
        MapFile(tmp_path / "m", "9f2c1a7e").read()


def test_two_maps_agree_when_every_request_meets_the_same() -> None:
    plain = parse("/ blue\n")
    assert plain.agrees(parse("/ blue\n/photos/ blue\n/.vgwm/ 9f2c1a7e.1\n"))
    assert not plain.agrees(parse("/ blue\n/photos/ blue_ro\n"))
    assert not plain.agrees(parse("/photos/ blue\n"))
    assert not parse("/ blue\n/a/ green\n/a/ blue\n").agrees(parse("/ blue\n/a/ blue\n"))
