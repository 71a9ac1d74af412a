"""A row of the table held against what the ledger recorded: each kind, and nothing beyond it."""

from __future__ import annotations

import json

import pytest

from core.dag import cid as cids
from core.ledger.checking import KeptRow
from core.model import Cid, ObjectState
from core.target.profile import load
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.target.rows_again import meta_text
from core.verify.check_rows import RowCheck
from core.verify.difference import Ill, Listed
from core.verify.row_mark import metadata_digest

WS = "0a1b2c3d"
ROOT = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"
CID = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
META = meta_text({"content_type": "text/plain", "mtime_ns": "5", "v": 1})
KEPT = KeptRow(
    b"k", ObjectState.RECORDED, 3, 11, Cid(cids.parse(CID)), metadata_digest(META.manifest())
)


def row(profile: str = "guide", ws: str = WS) -> list[str | int | bool | None]:
    entry = RowEntry("k", CID, 11, 5, 5, META, "000000")
    return list(RowMaker(load(profile), ws).rows(PinnedBundle("b", ROOT, 3), [entry])[0])


def judged(
    kept: KeptRow | None, made: list[str | int | bool | None] | None, profile: str = "guide"
) -> list[tuple[Listed, Ill, str]]:
    check = RowCheck(load(profile), WS)
    found = check.judge(b"b", b"k", kept, None if made is None else tuple(made))
    return [(one.listed, one.ill, one.field) for one in found]


@pytest.mark.parametrize("profile", ["guide", "extended"])
def test_a_row_as_the_copy_made_it_is_no_difference(profile: str) -> None:
    assert judged(KEPT, row(profile), profile) == []


@pytest.mark.parametrize("profile", ["guide", "extended"])
def test_a_recorded_object_without_a_row_is_missing(profile: str) -> None:
    assert judged(KEPT, None, profile) == [(Listed.MISSING, Ill.NO_ROW, "")]


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
def test_a_time_that_the_metadata_does_not_bear_out_is_a_difference(column: str) -> None:
    names = [one.name for one in load("guide").objects.columns]
    made = row()
    made[names.index(column)] = 77
    assert judged(KEPT, made) == [(Listed.DIFFER, Ill.WRONG_METADATA, column)]
    made[names.index(column)] = None
    assert judged(KEPT, made) == [(Listed.DIFFER, Ill.WRONG_METADATA, column)]


def test_a_version_s_row_has_the_time_of_its_id_or_of_its_bytes() -> None:
    """A user's own `mtime_ns` is none, and neither is a time that no column holds."""
    ulid, made_ms = "01ARZ3NDEKTSV4RRFFQ69G5FAV", 1469922850259
    document = {"mtime_ns": "9000", "v": 1, "user": {"mtime_ns": "1"}, "version_id": ulid}
    meta = meta_text(document)
    kept = KEPT._replace(mh=metadata_digest(meta.manifest()))
    names = [one.name for one in load("guide").objects.columns]
    for created_ns, found in ((made_ms * 1_000_000, []), (9000, []), (1000, ["created_at"])):
        entry = RowEntry("k", CID, 11, 9000, created_ns, meta, "000000")
        made = RowMaker(load("guide"), WS).rows(PinnedBundle("b", ROOT, 3), [entry])[0]
        assert [field for _, _, field in judged(kept, list(made))] == found, names
    old = meta_text({"mtime_ns": "-9000", "v": 1})
    entry = RowEntry("k", CID, 11, -9000, -9000, old, "000000")
    made = RowMaker(load("guide"), WS).rows(PinnedBundle("b", ROOT, 3), [entry])[0]
    assert judged(KEPT._replace(mh=metadata_digest(old.manifest())), list(made)) == []


@pytest.mark.parametrize("profile", ["guide", "extended"])
def test_another_cid_and_another_size_are_two_differences(profile: str) -> None:
    made = row(profile)
    made[2], made[3] = "bafkother", 12
    assert judged(KEPT, made, profile) == [
        (Listed.DIFFER, Ill.WRONG_CID, "cid"),
        (Listed.DIFFER, Ill.WRONG_SIZE, "size"),
    ]


def test_metadata_in_another_form_is_the_same() -> None:
    members = json.loads(str(row()[6]))
    for text in (f"{row()[6]}\n", json.dumps(dict(reversed(members.items())), indent=1)):
        made = row()
        made[6] = text
        assert judged(KEPT, made) == []


@pytest.mark.parametrize("text", [None, "", "{}", "no JSON", '{"content_type":"text/html"}'])
def test_metadata_that_was_not_recorded_differs_however_it_is_broken(text: str | None) -> None:
    made = row()
    made[6] = text
    assert judged(KEPT, made) == [(Listed.DIFFER, Ill.WRONG_METADATA, "metadata")]


@pytest.mark.parametrize(
    "kept",
    [
        None,
        KEPT._replace(state=ObjectState.SKIPPED),
        KEPT._replace(state=ObjectState.GONE_APPLIED),
        KEPT._replace(cid=None, size=None),  # a delete marker
    ],
)
def test_a_row_of_ours_for_what_has_none_is_an_orphan(kept: KeptRow | None) -> None:
    assert judged(kept, row()) == [(Listed.EXTRA, Ill.ORPHAN_ROW, "cid")]
    assert judged(kept, None) == []


def test_i10_a_row_of_somebody_else_is_no_orphan_of_ours() -> None:
    assert judged(None, row(ws="ffffffff")) == []
    assert judged(None, row("extended"), "extended") == []


@pytest.mark.parametrize(
    "state", [ObjectState.PLANNED, ObjectState.DIRTY, ObjectState.FAILED, ObjectState.GONE]
)
def test_what_a_copy_or_a_sync_has_still_to_do_is_not_judged(state: ObjectState) -> None:
    under_way = KEPT._replace(state=state)
    assert judged(under_way, row()) == judged(under_way, None) == []
