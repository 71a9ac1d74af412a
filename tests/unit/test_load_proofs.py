"""What the rehearsal's journals prove: that each proof sees what it is there to see."""

from __future__ import annotations

from tests.lab.load.journal import Attempt, Journal, Told
from tests.lab.load.proofs import longest_without_reads, pauses, two_writers, unclear
from tests.lab.load.sides import BLUE, GREEN, side

S = 1_000_000_000


def _write(began_s: float, ended_s: float, at: str, told: Told = Told.DONE) -> Attempt:
    return Attempt(
        client="w0",
        op="put",
        bucket="b",
        key="k",
        digest="d",
        began_ns=int(began_s * S),
        ended_ns=int(ended_s * S),
        told=told,
        status=200 if told is Told.DONE else 503,
        side=at,
    )


def _read(client: str, began_s: float, told: Told = Told.DONE) -> Attempt:
    return Attempt(
        client=client,
        op="get",
        bucket="b",
        key="k",
        digest="",
        began_ns=int(began_s * S),
        ended_ns=int((began_s + 0.5) * S),
        told=told,
        status=0,
        side="",
    )


def test_i10_sides_that_take_turns_are_one_writer() -> None:
    turns = [_write(0, 1, BLUE), _write(0.5, 2, BLUE), _write(2, 3, GREEN), _write(4, 5, BLUE)]
    assert two_writers(turns) == []


def test_i10_a_write_that_begins_before_the_other_sides_ended_is_told() -> None:
    long, short, green = _write(0, 3, BLUE), _write(0.5, 1, BLUE), _write(2, 4, GREEN)
    found = two_writers([short, green, long])
    assert [(one.earlier, one.later) for one in found] == [(long, green)]


def test_what_was_refused_or_read_makes_no_writer() -> None:
    held = _write(0, 5, BLUE, Told.HELD)
    assert two_writers([held, _read("r", 1), _write(2, 3, GREEN)]) == []
    assert unclear([held, _write(0, 1, BLUE, Told.UNKNOWN)]) == [_write(0, 1, BLUE, Told.UNKNOWN)]


def test_a_pause_lasts_from_the_last_acknowledged_write_to_the_next() -> None:
    story = [
        _write(0, 1, BLUE),
        _write(1, 1.5, "", Told.HELD),
        _write(2, 2.5, "", Told.HELD),
        _write(3, 4, GREEN),
        _write(4, 5, GREEN),
    ]
    (pause,) = pauses(story)
    assert (pause.length_s, pause.held, pause.before, pause.after) == (3.0, 2, BLUE, GREEN)
    assert pauses([_write(0, 1, BLUE), _write(5, 6, BLUE)]) == []  # idle, nobody was refused


def test_reads_are_missed_from_the_first_failure_to_the_next_success_of_that_reader() -> None:
    reads = [
        _read("a", 0),
        _read("a", 1, Told.UNKNOWN),
        _read("b", 1.5),
        _read("a", 2, Told.HELD),
        _read("a", 3),
    ]
    assert longest_without_reads(reads) == 2.5
    assert longest_without_reads([_read("a", 0), _read("a", 9)]) == 0


def test_a_key_under_way_is_not_settled_and_every_change_is_seen() -> None:
    journal = Journal()
    journal.begin("b", "k")
    journal.settle("b", "k", "one")
    first = journal.wanted(("b", "k"))
    assert (first.digest, first.settled) == ("one", True)
    journal.begin("b", "k")
    assert not journal.wanted(("b", "k")).settled
    journal.settle("b", "k", "one")
    assert journal.wanted(("b", "k")) != first  # the same content, written again meanwhile
    assert journal.touched() == [("b", "k")]


def test_sides_are_told_by_the_name_in_the_answer() -> None:
    assert side({"server": "VERSITYGW"}) == BLUE
    assert side({"server": "vgwm-lab-front"}) == GREEN
    assert side({"content-type": "application/xml"}) == ""
