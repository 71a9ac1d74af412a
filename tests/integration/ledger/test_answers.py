"""The assessment in the ledger: newest answers, what was said of them; schema 2 brought over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken, SchemaMismatch
from core.ledger import answers as statements
from core.ledger import proof_tables
from core.ledger.assessing import INVENTORY
from core.ledger.ledger import Ledger
from core.ledger.rows import AnswerRow, EventDraft, SaidRow, Saying
from core.model import JobKind
from core.verdict import Answer, Component, Verdict
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-of-a-cluster"  # noqa: S105 - planted


def answer(check: str, verdict: Verdict, endpoint: str = "", evidence: str = "seen") -> Answer:
    return Answer(
        check=check,
        component=Component.CLUSTER,
        verdict=verdict,
        evidence=evidence,
        at_ns=5,
        took_s=0.25,
        endpoint=endpoint,
        remedy="" if verdict is Verdict.PASS else "mend it",
    )


def row(job: int, place: int, one: Answer) -> AnswerRow:
    return AnswerRow(job=job, place=place, answer=one)


async def begun(ledger: Ledger) -> int:
    return await ledger.add_job(JobKind.ASSESS, {}, "op1", "")


async def test_i5_answers_and_what_was_said_outlive_the_engine(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    job = await begun(ledger)
    kept = [
        row(job, 0, answer("cluster", Verdict.PASS)),
        row(job, 1, answer("kubo", Verdict.WARN, "http://a:5001")),
        row(job, 1, answer("kubo", Verdict.FAIL, "http://b:5001")),
    ]
    for one in kept:
        await ledger.assessing.answer([one], "{}")
    ack = SaidRow(kind=Saying.ACK, name="kubo", who="op1", at_ns=7, text="known")
    await ledger.assessing.say(ack, EventDraft(kind="ack", text="kubo taken on"))
    await ledger.assessing.measured(INVENTORY, b"{}")
    await ledger.close()
    reader = await Ledger.read_only(tmp_path / "ledger.db")
    try:
        assert await reader.answers() == kept
        assert await reader.said() == [ack]
        assert await reader.get_meta(INVENTORY) == b"{}"
    finally:
        await reader.close()


async def test_a_newer_answer_takes_its_rows_place_and_a_whole_run_drops_rows_that_are_no_more(
    tmp_path: Path,
) -> None:
    ledger = await scene.opened(tmp_path)
    try:
        first = await begun(ledger)
        old = [answer("kubo", Verdict.FAIL, "a"), answer("kubo", Verdict.FAIL, "b")]
        await ledger.assessing.answer([row(first, 0, one) for one in old], "{}")
        await ledger.assessing.answer([row(first, 1, answer("atime", Verdict.WARN))], "{}")
        second = await begun(ledger)
        new = row(second, 0, answer("kubo", Verdict.PASS, "a"))
        await ledger.assessing.answer([new], "{}")
        assert [one.answer.endpoint for one in await ledger.answers()] == ["a", "b", ""]
        await ledger.assessing.finished(second, ["kubo"], EventDraft(kind="assess", text="done"))
        assert await ledger.answers() == [new, row(first, 1, answer("atime", Verdict.WARN))]
        await ledger.assessing.finished(second, [], EventDraft(kind="assess", text="done"))
        assert await ledger.answers() == [new]
    finally:
        await ledger.close()


async def test_i9_no_secret_is_stored_with_an_answer_or_a_reason(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    job = await begun(ledger)
    told = answer("cluster", Verdict.FAIL, f"http://u:{SECRET}@a:9094", f"password={SECRET}")
    await ledger.assessing.answer([row(job, 0, told)], "{}")
    said = SaidRow(kind=Saying.ACK, name="x", who="op1", at_ns=1, text=f"token={SECRET}")
    await ledger.assessing.say(said, EventDraft(kind="ack", text=f"password={SECRET}"))
    await ledger.close()
    assert SECRET.encode() not in (tmp_path / "ledger.db").read_bytes()


async def test_i4_an_answer_that_turned_in_place_is_found(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    job = await begun(ledger)
    await ledger.assessing.answer([row(job, 0, answer("kubo", Verdict.FAIL))], "{}")
    await ledger.close()
    (tmp_path / "ledger.db.sum").unlink()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as conn:
        (kept,) = conn.execute(
            "SELECT sql FROM sqlite_schema WHERE name='seal_answers_changed'"
        ).fetchone()
        conn.execute("DROP TRIGGER seal_answers_changed")
        conn.execute("UPDATE answers SET st='pass'")
        conn.execute(kept)
    with pytest.raises(Broken, match="answers kubo"):
        await scene.opened(tmp_path)


def as_schema_2(path: Path) -> None:
    """Turn a ledger into what the release before made of the same."""
    path.with_name(f"{path.name}.sum").unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        for statement in statements.TABLES:
            name = statement.split("(")[0].split()[-1]
            conn.execute(f"DELETE FROM seals WHERE what='{name}'")  # noqa: S608 - our own names
            conn.execute(f"DROP TABLE {name}")
        conn.execute("DROP TABLE losses")
        conn.execute("DROP TABLE tallies")
        for name in proof_tables.NAMES:
            conn.execute(f"DROP TABLE {name}")
        for name in ("objects_dirty", "objects_gone"):
            conn.execute(f"DROP INDEX {name}")
        conn.execute("PRAGMA user_version=2")


async def test_a_ledger_of_schema_2_is_brought_over_whole(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
    number = await scene.planned(ledger, bucket, scene.entries(0, 3))
    await ledger.close()
    as_schema_2(tmp_path / "ledger.db")
    with pytest.raises(SchemaMismatch, match="vgwm engine start"):
        await Ledger.read_only(tmp_path / "ledger.db")
    ledger = await scene.opened(tmp_path)
    try:
        assert [one.id for one in await ledger.open_bundles(0, 9)] == [number]
        job = await begun(ledger)
        await ledger.assessing.answer([row(job, 0, answer("kubo", Verdict.PASS))], "{}")
    finally:
        await ledger.close()
    (tmp_path / "ledger.db.sum").unlink()  # so that every digest is computed again
    ledger = await scene.opened(tmp_path)
    await ledger.close()
