"""The source's rows at each border between pass, warn and fail; what was not seen is unknown."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec.structs import replace

from core.model import Finding
from core.preflight import judge_source
from core.preflight.survey import ClassCount, Sized, Survey
from core.verdict import Verdict

PASS, WARN, FAIL, UNKNOWN = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


survey = partial(replace, Survey(began_ns=1, ended_ns=2, buckets=1, objects=1_000, opened=1_000))


def finding(n: int) -> Finding:
    return Finding(verdict="warn", subject=f"stray-{n}", evidence="is no bucket", remedy="Move it.")


def test_a_source_without_findings_passes_and_names_its_metadata_mode() -> None:
    judged = judge_source.source_root([], buckets=2, mode="sidecar")
    assert judged.verdict is PASS
    assert "2 buckets" in judged.evidence
    assert "sidecar" in judged.evidence


@pytest.mark.parametrize(("strays", "more"), [(1, ""), (3, ""), (4, "and 1 more")])
def test_stray_files_warn_and_are_named_up_to_three(strays: int, more: str) -> None:
    judged = judge_source.source_root([finding(n) for n in range(strays)], buckets=1, mode="xattr")
    assert judged.verdict is WARN
    assert "stray-0" in judged.evidence
    assert ("more" in judged.evidence) is bool(more)
    assert more in judged.evidence
    assert judged.remedy == "Move it."


def test_an_inventory_that_came_to_its_end_passes_with_its_figures() -> None:
    judged = judge_source.inventory(
        survey(size_bytes=5_000_000, largest=(Sized("b/k", 4_000_000),), histogram=hist(4, 9))
    )
    assert judged.verdict is PASS
    for figure in ("1,000 objects", "5.00 MB", "largest 4.00 MB", "<= 1.05 MB"):
        assert figure in judged.evidence


def hist(number: int, objects: int) -> tuple[tuple[int, int], ...]:
    return tuple((objects, 1) if i == number else (0, 0) for i in range(10))


def test_i7_an_inventory_broken_off_is_incomplete_and_one_of_nothing_is_unknown() -> None:
    broken = judge_source.inventory(survey(fault="the disk failed", remedy="Look at it."))
    nothing = judge_source.inventory(survey(objects=0, opened=0, fault="no gateway root"))
    shut = judge_source.inventory(survey(unreadable=ClassCount("unreadable", 1, ("b/k",))))
    assert [broken.verdict, nothing.verdict, shut.verdict] == [WARN, UNKNOWN, WARN]
    assert broken.evidence.startswith("incomplete")
    assert broken.remedy == "Look at it."


@pytest.mark.parametrize(("bare", "verdict"), [(0, PASS), (10, PASS), (11, WARN), (1_000, WARN)])
def test_more_than_one_percent_without_an_etag_warns(bare: int, verdict: Verdict) -> None:
    judged = judge_source.reading(survey(no_etag=bare), attributes=True)
    assert judged.verdict is verdict
    assert "1,000 entries opened" in judged.evidence


def test_one_unreadable_entry_fails_and_is_named_with_whom_to_run_as() -> None:
    shut = ClassCount("unreadable", 1, ("b/k: Permission denied",))
    judged = judge_source.reading(survey(unreadable=shut), attributes=True)
    assert judged.verdict is FAIL
    assert "b/k: Permission denied" in judged.evidence
    assert "gateway's user" in judged.remedy


def test_a_missing_right_fails_but_any_other_fault_is_unknown() -> None:
    denied = judge_source.reading(survey(fault="shut", denied=True), attributes=True)
    broken = judge_source.reading(survey(fault="the disk failed"), attributes=True)
    assert (denied.verdict, broken.verdict) == (FAIL, UNKNOWN)


def test_i7_a_plan_opened_nothing_so_reading_is_unknown() -> None:
    judged = judge_source.reading(survey(opened=None), attributes=True)
    assert judged.verdict is UNKNOWN
    assert "assess --only read" in judged.remedy


def test_without_attributes_no_etag_is_expected() -> None:
    assert judge_source.reading(survey(no_etag=1_000), attributes=False).verdict is PASS


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"versions": 1, "versions_bytes": 7}, "1 noncurrent versions, 7 B"),
        ({"markers": 1}, "1 delete markers"),
        ({"locked": 1}, "1 objects under retention"),
        ({"locked_buckets": 1}, "1 buckets with a lock"),
        ({"uploads": 2, "uploads_bytes": 9}, "2 uploads in progress, 9 B"),
    ],
)
def test_each_kind_of_history_and_lock_warns_alone(known: dict[str, int], said: str) -> None:
    judged = judge_source.versions(survey(**known), archive=True)
    assert judged.verdict is WARN
    assert said in judged.evidence
    assert judged.remedy


def test_what_skipping_versions_would_lose_is_said() -> None:
    known = survey(versions=3, versions_bytes=1_000)
    assert "kept in manifests" in judge_source.versions(known, archive=True).evidence
    assert "lost at commit" in judge_source.versions(known, archive=False).evidence


def test_no_history_passes_and_an_unfinished_walk_is_unknown() -> None:
    assert judge_source.versions(survey(), archive=True).verdict is PASS
    assert judge_source.versions(survey(fault="x"), archive=True).verdict is UNKNOWN
    assert judge_source.keys(survey(fault="x")).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("key_not_utf8", WARN),
        ("special_file", WARN),
        ("symlink", WARN),
        ("nested_sgwtmp", WARN),
        ("leftover_temp", WARN),
        ("foreign_xattr", PASS),
        ("noncurrent_version", PASS),
        ("upload_in_progress", PASS),
    ],
)
def test_keys_that_stay_behind_warn_with_their_class_and_name(name: str, verdict: Verdict) -> None:
    judged = judge_source.keys(survey(classes=(ClassCount(name, 2, ("b/k1", "b/k2")),)))
    assert judged.verdict is verdict
    assert (name in judged.evidence and "b/k1" in judged.evidence) is (verdict is WARN)


def test_keys_longer_than_s3_takes_warn() -> None:
    assert judge_source.keys(survey(long_keys=ClassCount("long_keys", 1, ("b/l",)))).verdict is WARN


def test_a_survey_is_complete_only_with_every_entry_read_to_the_end() -> None:
    assert survey().complete
    assert not survey(fault="x").complete
    assert not survey(unreadable=ClassCount("unreadable", 1)).complete
