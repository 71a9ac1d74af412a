"""The page of an assessment: whole, escaped, and nothing in it is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from core.control.assess.page import page
from core.control.wire import state as wire
from core.control.wire.checks import (
    Ack,
    Check,
    Checks,
    ChecksRun,
    Estimate,
    EstimateTerm,
    Inventory,
    LargeObject,
    Note,
)

HOSTILE = '<script>alert("1")</script>&'
WORKSPACE = wire.Workspace(
    id="0a1b2c3d",
    name=HOSTILE,
    path="/ws",
    source=HOSTILE,
    target=HOSTILE,
    table="sqlite:/t",
    profile="guide",
)


def whole(text: str) -> Checks:
    return Checks(
        at_ns=1_764_590_400_000_000_000,
        run=ChecksRun(job=7, state="done", actor=text),
        checks=[
            Check(
                id="read",
                component="source",
                title=text,
                state="fail",
                evidence=text,
                remedy=text,
                measured_ns=1,
            ),
            Check(
                id="versions",
                component="source",
                state="warn",
                evidence="e",
                ack=Ack(actor=text, at_ns=2, reason=text),
            ),
            Check(
                id="windows",
                component="host",
                state="pass",
                note=Note(actor=text, at_ns=3, text=text),
            ),
        ],
        counts={"fail": 1, "warn": 1, "pass": 1},
        open_warnings=2,
        blocking=["read"],
        inventory=Inventory(
            measured_ns=4,
            complete=False,
            buckets=2,
            objects=12_004_118,
            size_bytes=4_700_000_000_000,
            histogram=[("<= 1.02 KB", 1_234, 5)],
            largest=[LargeObject(name=text, size_bytes=9)],
            cannot_carry={text: 3},
            clients=[text],
        ),
        estimate=Estimate(
            low_s=36_000.0, unknown=text, terms=[EstimateTerm(name="bytes", text=text)]
        ),
    )


class Reader(HTMLParser):
    """Reads a page as a browser does."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.words = ""
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_outside_text_is_shown_and_never_markup() -> None:
    read = Reader(page(WORKSPACE, whole(HOSTILE)))
    assert "script" not in read.opened
    assert read.words.count(HOSTILE) >= 12


def test_the_page_stands_alone_without_script_or_anything_fetched() -> None:
    text = page(WORKSPACE, whole("x"))
    read = Reader(text)
    assert read.attributes.isdisjoint({"src", "href", "onload", "onclick"})
    assert not re.search(r"url\(|@import|https?:", text)
    void = {"meta", "br"}
    assert sorted(tag for tag in read.opened if tag not in void) == sorted(read.closed)


def test_every_part_of_the_assessment_stands_in_the_page() -> None:
    words = " ".join(Reader(page(WORKSPACE, whole("told"))).words.split())
    for said in (
        "1 fail",
        "read",
        "Taken on by told",
        "Noted by told",
        "Refuses plan, copy and retry: read",
        "nobody took on: 2",
        "12,004,118 objects, 4.70 TB",
        "incomplete",
        "At least 10 h 00 m: told",
        "2025-12-01 12:00:00 UTC",
        "<= 1.02 KB",
    ):
        assert said in words


def test_i7_what_was_never_asked_is_said_to_be_unknown() -> None:
    words = Reader(page(WORKSPACE, Checks(at_ns=1))).words
    assert "Unknown: no trial was made" in words
    assert "Unknown: the source was not walked" in words


def test_the_same_assessment_gives_the_same_page() -> None:
    assert page(WORKSPACE, whole("x")) == page(WORKSPACE, whole("x"))
