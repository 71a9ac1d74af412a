"""A report held against the ledger by statements of the tests' own, and against lists and page."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def rows(ws: Path, query: str) -> list[Any]:
    """Ask the ledger by the test's own words."""
    with closing(sqlite3.connect(f"file:{ws}/ledger.db?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def the_counts_are_those_of_the_rows(ws: Path, told: dict[str, Any]) -> None:
    n = Counter(dict(rows(ws, "SELECT st,count(*) FROM objects GROUP BY st")))
    size = dict(rows(ws, "SELECT st,sum(size) FROM objects GROUP BY st"))
    totals, counts = told["totals"], told["counts"]
    assert totals["objects"] == sum(n.values())
    assert totals["size_bytes"] == sum(filter(None, size.values()))
    assert (totals["migrated"], totals["migrated_bytes"]) == (n[1], size[1])
    assert (totals["failed"], totals["skipped"], totals["gone"]) == (n[5], n[4], n[3] + n[6])
    assert (totals["remaining"], counts["dirty"], counts["due"]) == (n[0] + n[2], n[2], n[3])
    assert [*totals.values()].count(None) == 0
    waived = rows(ws, "SELECT count(*) FROM failures WHERE disp='waived'")[0][0]
    assert totals["waived"] == waived
    for name, disposition in (("failed_by", "failed"), ("skipped_by", "skip")):
        kept = Counter(
            code for code, disp in rows(ws, "SELECT code,disp FROM failures") if disp == disposition
        )
        assert counts[name] == kept
    recorded = rows(ws, "SELECT count(*),sum(st=4),sum(st=2) FROM bundles")[0]
    bundles = totals["bundles"], totals["bundles_recorded"], totals["pins_waiting"]
    assert bundles == recorded
    assert told["ledger"]["differences"] == 0


def what_is_left_is_named_and_counted_once(ws: Path, told: dict[str, Any], out: Path) -> None:
    text = (out / "not-carried.ndjson").read_bytes()
    lines = [json.loads(line) for line in text.splitlines()]
    assert told["left_file"] == {
        "name": "not-carried.ndjson",
        "rows": len(lines),
        "sha256": hashlib.sha256(text).hexdigest(),
    }
    named = Counter((one["fate"], one["why"]) for one in lines if one["whole"])
    assert named == {(one["fate"], one["why"]): one["n"] for one in told["left"] if one["whole"]}
    assert sum(named.values()) == told["totals"]["failed"] + told["totals"]["skipped"]
    lost = rows(ws, "SELECT why,count(*) FROM losses GROUP BY why")
    assert Counter(one["why"] for one in lines if not one["whole"]) == dict(lost) != {}
    by_name = {one["object"]: (one["fate"], one["why"]) for one in lines if one["whole"]}
    assert by_name["bucket0/pipe"] == ("never an object", "special_file")
    assert by_name["bucket0/n%FF"] == ("never an object", "key_not_utf8")
    assert by_name["bucket1/f1"][0] == "given up"
    assert by_name["bucket1/f2"][0] == by_name["bucket1/f3"][0] == "failed"
    assert next(one for one in lines if one["fate"] == "given up")["what"] == "lost in 2019"
    first = {one["why"]: one["first"] for one in told["left"]}
    assert first["special_file"] == ["bucket0/pipe"]


def the_record_is_the_ledgers(ws: Path, told: dict[str, Any]) -> None:
    seq, head = rows(ws, "SELECT seq,h FROM events ORDER BY seq DESC LIMIT 1")[0]
    kept = told["ledger"]
    assert (kept["events"], kept["head"], kept.get("broken_at")) == (seq, head.hex(), None)
    assert seq == rows(ws, "SELECT count(*) FROM events")[0][0]
    plan = json.loads(rows(ws, "SELECT v FROM meta WHERE k='plan'")[0][0])
    assert told["plan"]["hash"] == plan["hash"] == told["workspace"]["plan_hash"]
    jobs = rows(ws, "SELECT id,kind,st,ended FROM jobs ORDER BY id")
    timeline = told["timeline"]
    assert timeline["total"] == len(jobs)
    assert [(j["id"], j["kind"], j["state"], j["ended_ns"]) for j in timeline["jobs"]] == jobs
    rounds = rows(ws, "SELECT seen,added,changed,attrs,deleted FROM rounds ORDER BY id DESC")
    shown = [
        tuple(one[name] for name in ("seen", "added", "changed", "attrs", "deleted"))
        for one in told["sync"]["last"]
    ]
    assert (told["sync"]["rounds"], shown) == (len(rounds), rounds)


def the_lists_are_as_long_as_they_say(ws: Path, told: dict[str, Any]) -> None:
    proofs = [told["verified"], *told["newest"]]
    assert {one["kind"] for one in proofs} == {"verify", "check"}
    for proof in proofs:
        for one in proof["lists"]:
            path = ws / proof["folder"] / f"{one['name']}.ndjson"
            lines = path.read_text().splitlines() if path.exists() else []
            assert (proof["kind"], one["name"], one["rows"]) == (
                proof["kind"],
                one["name"],
                len(lines),
            )
            kinds = Counter(json.loads(line).get("kind", "") for line in lines)
            told_kinds = {k["kind"]: k["rows"] for k in proof["kinds"] if k["name"] == one["name"]}
            assert {kind: n for kind, n in kinds.items() if kind} == told_kinds


def the_page_says_the_same(told: dict[str, Any], page: str) -> None:
    for name in ("objects", "migrated", "failed", "skipped", "gone", "remaining"):
        assert f'<tr><td>{name}</td><td class="n">{told["totals"][name]:,}</td>' in page
    assert told["ledger"]["head"] in page
    assert told["left_file"]["sha256"] in page
    assert told["plan"]["hash"] in page
    for item in told["items"]:
        assert item["text"] in page
