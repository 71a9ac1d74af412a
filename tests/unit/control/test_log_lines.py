"""The lines of a log: both forms hold every line, and read back as what was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control.log.lines import (
    KINDS,
    BundleFacts,
    JobFacts,
    LogLine,
    MinuteFacts,
    MovesFacts,
    StallFacts,
    StartFacts,
    json_line,
    parse,
    stamp,
    stamp_ns,
    text_line,
)

if TYPE_CHECKING:
    from core.control.log.lines import Facts

NUMBER = st.integers(0, 2**53)
SECONDS = st.integers(0, 10**12).map(lambda n: n / 10**6)
# what passed display.safe: one line, no lone surrogates
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40)
FACTS: st.SearchStrategy[Facts] = st.one_of(
    st.builds(
        BundleFacts,
        bundle=NUMBER,
        objects=NUMBER,
        bytes=NUMBER,
        wait_s=SECONDS,
        read_s=SECONDS,
        send_s=SECONDS,
        pin_s=SECONDS,
        record_s=SECONDS,
        worker=st.integers(-1, 256),
        nodes=WORDS,
        failed=WORDS,
    ),
    st.builds(MinuteFacts, job=NUMBER, over_s=SECONDS, objects=NUMBER, bytes=NUMBER),
    st.builds(StallFacts, for_s=SECONDS, reason=WORDS),
    st.builds(MovesFacts, for_s=SECONDS, reason=WORDS),
    st.builds(StartFacts, epoch=NUMBER, pid=NUMBER, version=WORDS),
    st.builds(JobFacts, job=NUMBER, of=WORDS, state=WORDS),
)
AT_NS = st.integers(0, 4 * 10**12).map(lambda ms: ms * 10**6)
LEVEL = st.sampled_from(["info", "warning", "error"])


def _kind_of(facts: Facts) -> str:
    return next(name for name, kind in KINDS.items() if type(facts) is kind)


LINES = st.one_of(
    st.builds(
        lambda at, level, text, facts: LogLine(at, level, _kind_of(facts), text, facts),
        AT_NS,
        LEVEL,
        WORDS,
        FACTS,
    ),
    st.tuples(
        AT_NS, LEVEL, st.sampled_from(["", "node_fault", "worker_died", "opened"]), WORDS
    ).map(lambda parts: LogLine(*parts)),
)


@given(LINES)
def test_a_json_line_reads_back_as_what_was_written(line: LogLine) -> None:
    assert parse(json_line(line)) == line


@given(LINES)
def test_a_text_line_reads_back_as_what_was_written(line: LogLine) -> None:
    written = text_line(line)
    assert "\n" not in written
    assert parse(written) == line


@given(LINES)
def test_the_words_of_a_text_line_stand_in_it_as_they_are(line: LogLine) -> None:
    assert line.text in text_line(line)
    assert text_line(line).startswith(stamp(line.at_ns))


@given(LINES, st.data())
def test_a_line_that_is_cut_never_reads_as_another_json_line(
    line: LogLine, data: st.DataObject
) -> None:
    written = json_line(line)
    cut = written[: data.draw(st.integers(0, len(written) - 1))]
    with pytest.raises(ValueError):  # noqa: PT011 - the one that parse promises
        parse(cut)


def test_a_line_of_an_unknown_kind_is_kept_without_figures() -> None:
    raw = json.dumps({"at": "2026-11-25T19:12:03.000Z", "level": "info", "text": "x", "kind": "z"})
    assert parse(raw) == LogLine(stamp_ns("2026-11-25T19:12:03.000Z"), "info", "z", "x")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hello",
        "[1]",
        '{"at": "yesterday", "level": "info", "text": "x"}',
        '{"level": "info", "text": "x"}',
        '{"at": "2026-11-25T19:12:03.000Z", "level": "info", "text": "x", "kind": "bundle"}',
        "2026-11-25T19:12:03.000Z info    bundle no figures",
        "2026-11-25T19:12:03.000Z info    bundle odd [bundle=x objects=1 bytes=1]",
    ],
)
def test_what_is_no_line_is_refused(raw: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the one that parse promises
        parse(raw)
