"""The page of a report: whole, escaped, printable, and nothing in it is fetched."""

from __future__ import annotations

import re

from msgspec.structs import replace

from core.cli.report_lines import code_of, report_lines
from core.control.report.page import page
from core.control.wire import state as wire
from core.control.wire.report import (
    Report,
    ReportAssessed,
    ReportCounts,
    ReportFile,
    ReportItem,
    ReportJobs,
    ReportLedger,
    ReportLeft,
    ReportLists,
    ReportPlan,
    ReportSync,
    ReportVersion,
)
from core.control.wire.sync import SyncRound
from core.control.wire.verify import Bytes, IllCount, ListSize, Proof, Stratum
from tests.unit.control.test_assess_page import HOSTILE, Reader

AT = 1_764_590_400_000_000_000


def whole(text: str) -> Report:
    proof = Proof(
        job=12,
        kind="verify",
        scope="all",
        state="done",
        partial=False,
        began_ns=AT,
        ended_ns=AT,
        buckets=(text,),
        lists=(ListSize(name="equal", sign="=", objects=1_000_001, rows=1_000_002),),
        kinds=(IllCount(name="equal", kind="no_pin", rows=7),),
        bytes=Bytes(
            mode="sample",
            n=10_000,
            object_bytes=5_000,
            read_bytes=9_000,
            bound95=0.0003,
            strata=(Stratum(kind="bucket", name=text, n=5, bad=1, bound95=0.5, denser=True),),
        ),
        folder=text,
    )
    return Report(
        at_ns=AT,
        version="1",
        workspace=wire.Workspace(
            id="0a1b2c3d",
            name=text,
            path="/ws",
            source=text,
            target=text,
            table=text,
            profile="guide",
        ),
        engine="down",
        ledger=ReportLedger(schema=4, epoch=9, profile_digest="p", events=17, head="beef"),
        plan=ReportPlan(
            hash="cafe", strategy=text, made_ns=AT, complete=True, objects=5, size_bytes=6
        ),
        totals=wire.Totals(objects=1_234_567, failed=3),
        counts=ReportCounts(failed_by={text: 3}, skipped_by={text: 4}, source_sums={text: 5}),
        items=(
            ReportItem(id="a", group="g", text="said", state="fail", evidence=text, remedy=text),
            ReportItem(id="b", group="g", text="r", state="not offered", evidence=text),
        ),
        states={"pass": 0, "fail": 1, "unknown": 0, "not offered": 1},
        changed_ns=AT,
        verified=proof,
        lists=(ReportLists(job=12, state="there"), ReportLists(job=13, state="other")),
        newest=(replace(proof, job=13, kind="check", bytes=Bytes()),),
        left=(
            ReportLeft(why=text, whole=True, fate="failed", n=44, first=(text,)),
            ReportLeft(why="x", whole=False, fate="not shown", n=45),
        ),
        left_file=ReportFile(name="not-carried.ndjson", rows=46, sha256="feed"),
        assessed=ReportAssessed(
            counts={"pass": 2}, open_warnings=1, blocking=(text,), measured_ns=None
        ),
        sync=ReportSync(
            rounds=3,
            lag_s=75.0,
            last=(
                SyncRound(
                    id=3,
                    job=4,
                    kind="full",
                    state="stopped",
                    began_ns=AT,
                    walked_ns=None,
                    ended_ns=None,
                    seen=1,
                    added=2,
                    changed=3,
                    attrs=4,
                    deleted=5,
                    size_bytes=6,
                    why=text,
                ),
            ),
        ),
        timeline=ReportJobs(
            total=9,
            jobs=(
                wire.Job(id=8, kind="copy", state="failed", actor=text, made_ns=AT, reason=text),
            ),
        ),
        versions=(
            ReportVersion(
                component="kubo", endpoint=text, text=text, state="unknown", measured_ns=AT
            ),
        ),
    )


def test_outside_text_is_shown_and_never_markup() -> None:
    read = Reader(page(whole(HOSTILE)))
    assert "script" not in read.opened
    assert read.words.count(HOSTILE) >= 20


def test_the_page_stands_alone_without_script_or_anything_fetched() -> None:
    text = page(whole("x"))
    read = Reader(text)
    assert read.attributes.isdisjoint({"src", "href", "onload", "onclick"})
    assert not re.search(r"url\(|@import|https?:", text)
    assert "@media print" in text
    void = {"meta", "br"}
    assert sorted(tag for tag in read.opened if tag not in void) == sorted(read.closed)


def test_every_part_of_the_report_stands_in_the_page() -> None:
    words = "".join(Reader(page(whole("told"))).words.split())
    for said in (
        "x fail 1",
        "- not offered 1",
        "1,234,567",
        "3 told",
        "1,000,001 1,000,002 7 no_pin",
        "the target changed since, 2025-12-01 12:00:00 UTC",
        "10,000 objects read again, 5.00 KB (9.00 KB read from the target), 0 bad",
        "At most 0.0300 % are bad, at 95 %",
        "bucket told, read more densely 5 1 50.000 %",
        "No bytes were read again",
        "Lists in told. Bytes",
        "Lists in told: other than they were counted.",
        "44 told",
        "counted, not named",
        "not-carried.ndjson, 46 lines, sha256 feed",
        "3 rounds; the last full round began 1 m 15 s before this report",
        "The newest 1 of 9 jobs",
        "8 copy",
        "unknown: told",
        "cafe, told",
        "the chain holds",
        "beef",
    ):
        assert said.replace(" ", "") in words, said


def test_a_broken_record_is_said_first_and_ends_with_7() -> None:
    made = whole("x")
    broken = replace(made, ledger=replace(made.ledger, broken_at=5))
    assert "the chain breaks at number 5" in page(broken)
    assert "no figure below can be relied on" in page(broken)
    assert (code_of(broken), code_of(made)) == (7, 1)
    unknown = {"pass": 3, "fail": 0, "unknown": 1, "not offered": 1}
    assert code_of(replace(made, states=unknown)) == 4
    assert code_of(replace(made, states={**unknown, "unknown": 0})) == 0


def test_the_lines_say_state_evidence_and_what_to_do() -> None:
    made = whole("told")
    lines = report_lines(made)
    assert lines[0] == "x fail        said: told"
    assert lines[1] == "    do: told"
    assert any("44 objects" in line for line in lines)
    alone = replace(made, left=(replace(made.left[0], n=1),))
    assert any(line.endswith(" 1 object") for line in report_lines(alone))
    assert "head beef" in lines[-2]
