"""How answers of table and cache are judged, and the canaries that are planted there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from core.probe.cache_canary import PREFIX, key_on
from core.probe.metadata import judge_clock
from core.probe.metadata_canary import BUCKET, canary_row
from core.probe.metadata_rows import is_ours
from core.probe.probe import Finding
from core.probe.verdicts import worst
from core.target import profile as profiles
from core.target.cache_facts import SLOTS, Member
from core.target.row_check import misfits
from core.verdict import Verdict

ID = "9f2c1a7e"


def test_the_worst_answer_is_told_with_what_made_it_so() -> None:
    found = worst(
        [
            Finding(Verdict.PASS, "fine"),
            Finding(Verdict.WARN, "so so", "Mend it."),
            Finding(Verdict.FAIL, "a broken", "Fix it."),
            Finding(Verdict.FAIL, "b broken", "Fix it."),
            Finding(Verdict.FAIL, "b broken", "Fix it."),
        ]
    )
    assert found == Finding(Verdict.FAIL, "a broken; b broken", "Fix it.")


def test_i7_an_unknown_answer_is_worse_than_a_warning() -> None:
    found = worst([Finding(Verdict.WARN, "w"), Finding(Verdict.UNKNOWN, "no answer")])
    assert found.verdict is Verdict.UNKNOWN


def test_many_answers_are_counted_behind_the_first() -> None:
    found = worst([Finding(Verdict.FAIL, f"n{at}") for at in range(9)])
    assert found.evidence == "n0; n1; n2; n3; n4; and 4 more"


@pytest.mark.parametrize(
    ("off_s", "verdict"),
    [
        (0.0, Verdict.PASS),
        (1.0, Verdict.PASS),
        (-1.0, Verdict.PASS),
        (1.01, Verdict.WARN),
        (-3600.0, Verdict.WARN),
    ],
)
def test_a_clock_may_be_off_by_a_second(off_s: float, verdict: Verdict) -> None:
    found = judge_clock(off_s, "p50 1 ms")
    assert found.verdict is verdict
    assert "p50 1 ms" in found.evidence
    assert ("NTP" in found.remedy) == (verdict is Verdict.WARN)


def test_a_clock_says_on_which_side_it_is_off() -> None:
    assert "7.0 s ahead" in judge_clock(7, "").evidence
    assert "7.0 s behind" in judge_clock(-7, "").evidence


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        (json.dumps({"vgwm": {"plan": ID, "bundle": 1}}), True),
        (json.dumps({"vgwm": {"plan": "00000000"}}), False),
        (json.dumps({"etag": "x"}), False),
        (json.dumps({"vgwm": ID}), False),
        (json.dumps([ID]), False),
        ("no json", False),
        (None, False),
    ],
)
def test_a_row_is_ours_by_the_workspace_that_wrote_it(metadata: object, *, ours: bool) -> None:
    assert is_ours(metadata, ID) is ours


@pytest.mark.parametrize("name", ["guide", "extended"])
def test_the_canary_of_the_table_fits_each_profile(name: str) -> None:
    profile = profiles.load(name)
    row = canary_row(profile, ID)
    assert misfits(profile.objects, [row]) == []
    assert row[0] == BUCKET
    assert str(row[1]).startswith(ID)


@given(st.integers(0, SLOTS - 1), st.integers(1, SLOTS))
def test_the_canary_of_a_master_falls_into_its_slots(first: int, count: int) -> None:
    last = min(first + max(count, 50), SLOTS) - 1
    master = Member(
        id="a",
        endpoint="r0:6379",
        bus_port=0,
        is_self=True,
        is_master=True,
        is_failing=False,
        slots=((first, last),),
    )
    key = key_on(master, ID)
    assert master.holds(key_slot(key.encode()))
    assert key.startswith(f"{PREFIX}:{ID}:")
