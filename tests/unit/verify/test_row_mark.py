"""A row's metadata parted from what the copy put into it: to the byte, whoever wrote it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from core.dag.canonical import dumps
from core.engine.worker.seal import metadata_digest as sealed_digest
from core.target.profile import load
from core.target.rows import PinnedBundle, RowEntry, RowMaker
from core.target.rows_again import meta_text
from core.verify.row_mark import RowMark, metadata_digest, parted

WS = "0a1b2c3d"
ROOT = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"

texts = st.text(max_size=30)
documents = st.fixed_dictionaries(
    {"etag": texts, "mtime_ns": st.integers(0, 2**62).map(str), "v": st.just(1)},
    optional={
        "content_type": texts,
        "owner": texts,
        "tags": st.dictionaries(texts, texts, max_size=3),
        "user": st.dictionaries(texts | st.sampled_from(["pin", "vgwm", ',"pin":{']), texts),
    },
)


@given(documents, st.integers(1, 10**9), st.integers(0, 999_999))
def test_the_text_that_a_copy_writes_is_parted_to_the_byte(
    document: dict[str, object], bundle: int, place: int
) -> None:
    meta = meta_text(document)
    entry = RowEntry("k", "cid", 1, 0, 0, meta, f"{place:06d}")
    row = RowMaker(load("guide"), WS).rows(PinnedBundle("b", ROOT, bundle), [entry])[0]
    told = parted(row[6])
    assert told.mark == RowMark(WS, bundle, ROOT, f"{place:06d}")
    assert told.bare == meta.manifest() == dumps(document)
    assert metadata_digest(told.bare) == sealed_digest(meta.manifest())


def test_what_somebody_else_wrote_is_parted_by_its_meaning() -> None:
    text = '{ "vgwm" : {"plan": "0a1b2c3d"}, "b":1, "pin":{"root":"r"}, "a": 2}'
    assert parted(text) == (RowMark(WS, 0, "r", ""), '{"a":2,"b":1}')


def test_what_is_no_document_bears_no_mark() -> None:
    for text in (None, 7, "", "[]", "{", '"text"', "null"):
        assert parted(text) == (RowMark(), None)


def test_a_mark_inside_a_users_text_is_not_the_rows() -> None:
    forged = json.dumps({"user": {"x": ',"vgwm":{"bundle":1,"plan":"0a1b2c3d"}'}})
    assert parted(forged).mark == RowMark()
