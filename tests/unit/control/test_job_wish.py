"""A job at work is followed only if it does what a command asks for."""

from __future__ import annotations

import pytest

from core.control.job_wish import answers, require_answers
from core.errors import WrongState
from tests.fakes.desk import job

FULL = {"scope": "all", "full": "1", "replicas": "all"}
NONE = {"scope": "all", "sample": "0", "replicas": "one"}


def test_a_verification_answers_none_that_reads_other_bytes_or_buckets() -> None:
    assert answers("verify", FULL, FULL)
    assert answers("verify", {"sample": "0"}, NONE)
    assert answers("verify", {**NONE, "bucket": "a,b"}, {**NONE, "bucket": "b,a"})
    assert not answers("verify", NONE, FULL)
    assert not answers("verify", FULL, NONE)
    assert not answers("verify", NONE, {**NONE, "bucket": "photos"})
    assert not answers("verify", {**NONE, "bucket": "photos"}, NONE)
    assert not answers("verify", FULL, {**FULL, "replicas": "one"})
    assert not answers("verify", NONE, {**NONE, "scope": "recorded"})


def test_who_names_no_seed_takes_any() -> None:
    assert answers("verify", {"sample": "5", "seed": "7"}, {"sample": "5"})
    assert not answers("verify", {"sample": "5"}, {"sample": "5", "seed": "7"})


def test_a_sync_answers_one_that_asks_no_more() -> None:
    once = {"mode": "once"}
    assert answers("sync", once, once)
    assert answers("sync", {**once, "since_ns": "0"}, once)
    assert answers("sync", {**once, "since_ns": "100"}, {**once, "since_ns": "101"})
    assert not answers("sync", once, {**once, "since_ns": "0"})
    assert not answers("sync", {**once, "since_ns": "101"}, {**once, "since_ns": "100"})
    assert not answers("sync", {"mode": "watch"}, once)
    assert not answers("sync", {**once, "dry_run": "1"}, once)
    assert not answers("sync", once, {**once, "accept": "0a1b2c3d"})
    assert not answers("sync", {"rebundle": "0a1b2c3d"}, once)


def test_what_is_not_named_is_as_the_job_has_it() -> None:
    assert answers("plan", {"strategy": "in-place"}, {})
    assert not answers("plan", {}, {"strategy": "in-place"})
    assert not answers("repair", {"plan": "0a1b2c3d"}, {"plan": "ffffffff"})
    assert not answers("assess", {"only": "disk"}, {})


def test_a_refusal_names_the_job_and_what_it_was_asked() -> None:
    at_work = job(7, "running", kind="verify", args={"sample": "0"})
    with pytest.raises(WrongState, match=r"job 7 \(verify\) is running.*: sample 0") as refused:
        require_answers(at_work, FULL, where="vgwm verify")
    assert "vgwm watch 7" in refused.value.remedy
