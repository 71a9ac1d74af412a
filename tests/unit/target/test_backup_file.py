"""A backup of the object table: what is written is what is read; what was changed is refused."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, NodeUnreachable
from core.target import profile as profiles
from core.target.backup_file import PAGE, BackupReader, BackupWriter
from core.target.bucket_rows import BucketFacts, bucket_row
from tests.integration.target_table.making import make_rows

if TYPE_CHECKING:
    from core.target.backup_file import BackupFacts
    from core.target.profile import Profile
    from core.target.shape import Row

WORKSPACE = "0a1b2c3d"
PROFILES = {name: profiles.load(name) for name in profiles.SHIPPED}

keys = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), unique=True)


def written(profile: Profile, rows: list[Row], buckets: list[Row]) -> tuple[bytes, BackupFacts]:
    file = io.BytesIO()
    writer = BackupWriter(file, profile, WORKSPACE, len(rows))
    writer.add_buckets(buckets)
    writer.add(rows)
    facts = writer.end()
    return file.getvalue(), facts


def read(text: bytes, profile: Profile, workspace: str = WORKSPACE) -> BackupReader:
    """Read all of a file."""
    reader = BackupReader(io.BytesIO(text), "the file", profile, workspace)
    for _ in reader.pages():
        pass
    return reader


def small() -> bytes:
    profile = PROFILES["guide"]
    buckets = [bucket_row(profile, BucketFacts(name="b", document='{"owner":"a"}', made_ns=1))]
    return written(profile, make_rows(profile, "b", ["one", "three", "two"]), buckets)[0]


@pytest.mark.parametrize("name", profiles.SHIPPED)
@given(names=keys)
def test_rows_of_any_text_come_back_in_order(name: str, names: list[str]) -> None:
    profile = PROFILES[name]
    rows = make_rows(profile, "b", sorted(names))
    buckets = [
        bucket_row(profile, BucketFacts(name=n, document="{}", made_ns=1)) for n in ("a", "b")
    ]
    text, facts = written(profile, rows, buckets)
    reader = BackupReader(io.BytesIO(text), "the file", profile, WORKSPACE)
    pages = list(reader.pages())
    assert [row for page in pages for row in page.objects] == rows
    assert [row for page in pages for row in page.buckets] == buckets
    assert reader.facts == facts
    assert (facts.objects, facts.buckets) == (len(rows), 2)


def test_memory_is_a_page_whatever_the_size() -> None:
    profile = PROFILES["guide"]
    rows = make_rows(profile, "b", [f"{n:06d}" for n in range(2 * PAGE + 5)])
    text, _ = written(profile, rows, [])
    reader = BackupReader(io.BytesIO(text), "the file", profile, WORKSPACE)
    assert [len(page.objects) for page in reader.pages()] == [PAGE, PAGE, 5]


@given(at=st.integers(0, len(small()) - 1), flip=st.integers(1, 255))
def test_no_changed_byte_is_believed(at: int, flip: int) -> None:
    text = bytearray(small())
    text[at] ^= flip
    with pytest.raises(BadInput, match="cannot be restored"):
        read(bytes(text), PROFILES["guide"])


@given(length=st.integers(0, len(small()) - 1))
def test_no_shortened_file_is_believed(length: int) -> None:
    with pytest.raises(BadInput, match="cannot be restored"):
        read(small()[:length], PROFILES["guide"])


def test_nothing_may_stand_behind_the_last_line() -> None:
    with pytest.raises(BadInput, match="behind its last line"):
        read(small() + b"{}\n", PROFILES["guide"])


def test_another_workspaces_and_another_profiles_file_is_foreign() -> None:
    with pytest.raises(BadInput, match="workspace 0a1b2c3d, not of ffffffff"):
        read(small(), PROFILES["guide"], "ffffffff")
    with pytest.raises(BadInput, match="another target profile"):
        read(small(), PROFILES["extended"])


def test_rows_out_of_order_are_refused_also_with_a_right_digest() -> None:
    profile = PROFILES["guide"]
    text, _ = written(profile, make_rows(profile, "b", ["two", "one"]), [])
    with pytest.raises(BadInput, match="not in order"):
        read(text, profile)


def test_a_row_that_no_column_holds_is_refused_also_with_a_right_digest() -> None:
    profile = PROFILES["guide"]
    row = list(make_rows(profile, "b", ["one"])[0])
    row[3] = -1
    text, _ = written(profile, [tuple(row)], [])
    with pytest.raises(BadInput, match="does not fit"):
        read(text, profile)


def test_the_first_line_tells_a_person_what_it_is() -> None:
    head = json.loads(small().splitlines()[0])
    assert (head["kind"], head["workspace"], head["rows"]) == ("vgwm metadata backup", WORKSPACE, 3)
    assert head["objects"][:2] == [["bucket", "Utf8"], ["s3_key", "Utf8"]]


def test_a_disk_that_does_not_give_the_file_is_no_fault_of_ours() -> None:
    with open("/proc/self/mem", "rb") as file, pytest.raises(NodeUnreachable) as raised:  # noqa: PTH123 - the kernel's own EIO
        BackupReader(file, "/ws/backups/t.ndjson", profiles.load("guide"), WORKSPACE)
    assert "Input/output error" in raised.value.what
    assert "dmesg" in raised.value.remedy
