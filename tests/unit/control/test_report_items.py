"""The items of the validation list: what fails one alone, and what only leaves it unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as changed

from core.control.report.items import Known, items
from core.control.report.proved import Proven
from core.control.report.security import Gateways
from core.control.wire import state as wire
from core.control.wire.checks import Ack, Check, Checks
from core.control.wire.report import ReportCounts, ReportItem, ReportLedger, ReportLeft
from tests.unit.control.test_report_proved import proof

if TYPE_CHECKING:
    from typing import Any

LEDGER = ReportLedger(schema=4, epoch=1, profile_digest="p", events=17, head="beef")
ALL = wire.Totals(objects=9, migrated=9)


def room(state: str = "pass", measured_ns: int | None = 400, ack: Ack | None = None) -> Checks:
    rows = [
        Check(id="host", component="host", state="pass", measured_ns=500),
        Check(id="workspace", component="host", state=state, measured_ns=measured_ns, ack=ack),
        Check(id="read", component="source", state="fail", measured_ns=500),
    ]
    return Checks(at_ns=900, checks=rows)


def judged(**more: Any) -> dict[str, ReportItem]:  # noqa: ANN401 - any field
    """Return the items of a migration that is whole and verified, with a difference."""
    known = Known(
        totals=ALL,
        counts=ReportCounts(),
        planned=True,
        ledger=LEDGER,
        left=(),
        proven=Proven(proofs=[proof(3)], changed_ns=299),
        assessed=room(),
        gateways=Gateways(asked=False, named=False),
        at_ns=900,
    )
    return {item.id: item for item in items(replace(known, **more))}


def test_i7_attributes_that_no_listing_shows_are_unknown_until_all_were_asked_for() -> None:
    unseen = judged(listed=True)["metadata"]
    assert (unseen.state, "show no tags" in unseen.evidence) == ("unknown", True)
    assert "vgwm sync --full" in unseen.remedy
    asked = judged(listed=True, asked_ns=120)["metadata"]
    assert (asked.state, asked.measured_ns) == ("pass", 120)  # as old as the older look
    assert judged()["metadata"].evidence in asked.evidence
    others = judged(listed=True)
    assert [others[name].state for name in ("migrated", "checksums")] == ["pass", "pass"]


def test_the_list_has_each_item_once_in_four_groups() -> None:
    found = judged()
    assert [*found][:4] == ["migrated", "checksums", "metadata", "corruption"]
    assert len(found) == 17
    assert {item.group for item in found.values()} == {
        "data integrity",
        "functionality",
        "performance",
        "security",
    }
    assert {name for name, item in found.items() if item.state == "pass"} == {
        "migrated",
        "checksums",
        "metadata",
        "corruption",
        "resources",
    }
    assert found["at-rest"].state == "not offered"
    assert all(item.remedy for item in found.values() if item.state in {"unknown", "fail"})


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ({"totals": changed(ALL, remaining=2)}, "2 remain"),
        ({"totals": changed(ALL, failed=3)}, "3 failed"),
        ({"totals": changed(ALL, waived=4)}, "4 given up by operators"),
        (
            {"left": (ReportLeft(why="unreadable", whole=True, fate="left behind", n=5),)},
            "5 left behind by the plan",
        ),
    ],
)
def test_each_way_of_staying_behind_fails_alone(difference: dict[str, Any], said: str) -> None:
    item = judged(**difference)["migrated"]
    assert (item.state, said in item.evidence) == ("fail", True)


@pytest.mark.parametrize(
    "row",
    [
        ReportLeft(why="special_file", whole=True, fate="never an object", n=5),
        ReportLeft(why="foreign_xattr", whole=False, fate="left behind", n=5),
        ReportLeft(why="noncurrent_version", whole=False, fate="kept in the manifest", n=5),
    ],
)
def test_what_no_client_of_the_source_sees_fails_nothing(row: ReportLeft) -> None:
    found = judged(left=(row,))
    assert (found["migrated"].state, found["metadata"].state) == ("pass", "pass")


def test_what_left_the_source_and_the_target_is_not_counted_against_it() -> None:
    item = judged(totals=changed(ALL, gone=1, objects=ALL.objects + 1))["migrated"]
    assert item.state == "pass"
    assert item.evidence.startswith(f"{ALL.migrated} of {ALL.objects} are on the target")


def test_what_never_was_an_object_is_said_apart_from_the_objects() -> None:
    never = ReportLeft(why="symlink", whole=True, fate="never an object", n=5)
    totals = changed(ALL, skipped=5, objects=ALL.objects + 5)
    item = judged(totals=totals, left=(never,))["migrated"]
    assert item.state == "pass"
    assert item.evidence.startswith(
        f"{ALL.migrated} of {ALL.objects} are on the target; 5 more lie at the source, never an"
    )


def test_i7_without_a_whole_plan_or_a_verification_nothing_passes() -> None:
    assert judged(planned=False)["migrated"].state == "unknown"
    found = judged(proven=Proven(proofs=[]))
    assert found["migrated"].state == found["checksums"].state == "unknown"


def test_what_clients_no_longer_see_fails_metadata_alone() -> None:
    hidden = ReportLeft(why="content_disposition", whole=False, fate="not shown", n=6)
    found = judged(left=(hidden,))
    assert (found["metadata"].state, found["migrated"].state) == ("fail", "pass")
    assert "6 content_disposition" in found["metadata"].evidence


@pytest.mark.parametrize(
    ("sums", "state"),
    [({"bad-checksum": 1}, "fail"), ({"stale-etag": 1, "no-attributes": 9}, "pass")],
)
def test_bytes_that_contradict_their_checksum_at_the_source_are_corrupt(
    sums: dict[str, int], state: str
) -> None:
    assert judged(counts=ReportCounts(source_sums=sums))["corruption"].state == state


@pytest.mark.parametrize(
    "ledger", [changed(LEDGER, broken_at=5), changed(LEDGER, differences=1, difference="off")]
)
def test_a_ledger_that_contradicts_itself_fails_what_rests_on_it(ledger: ReportLedger) -> None:
    found = judged(ledger=ledger)
    assert found["migrated"].state == found["corruption"].state == "fail"


def test_a_table_with_the_right_keys_is_no_listing() -> None:
    item = judged()["listing"]
    assert (item.state, item.measured_ns) == ("unknown", 350)
    assert "no gateway listed them" in item.evidence


ACK = Ack(actor="op1", at_ns=1, reason="known")


@pytest.mark.parametrize(
    ("assessed", "state"),
    [
        (room(), "pass"),
        (room("fail"), "fail"),
        (room("unknown"), "unknown"),
        (room("warn"), "unknown"),
        (room("warn", ack=ACK), "pass"),
        (room(measured_ns=None), "unknown"),
        (room(measured_ns=298), "unknown"),
        (Checks(at_ns=900), "unknown"),
    ],
)
def test_room_counts_as_it_was_after_the_last_change(assessed: Checks, state: str) -> None:
    assert judged(assessed=assessed)["resources"].state == state
