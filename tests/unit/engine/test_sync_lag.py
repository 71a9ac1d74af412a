"""When a freeze would be short enough, and when the source outruns its rounds."""

from __future__ import annotations

from core.engine.syncing.lag import DRAIN_S, forecast, lag_s
from core.ledger.rounds import Found, RoundKind, RoundRow, RoundState
from core.model import NS_PER_S


def a_round(  # noqa: PLR0913 - keyword-only, each a thing of its own
    began_s: int,
    *,
    walk_s: int = 10,
    carry_s: int = 5,
    moved: int = 0,
    kind: RoundKind = RoundKind.FULL,
    state: RoundState = RoundState.DONE,
) -> RoundRow:
    return RoundRow(
        id=began_s,
        job=1,
        kind=kind,
        state=state,
        began_ns=began_s * NS_PER_S,
        walked_ns=(began_s + walk_s) * NS_PER_S,
        ended_ns=(began_s + walk_s + carry_s) * NS_PER_S,
        bucket_id=None,
        cursor=None,
        found=Found(changed=moved),
        why="",
    )


def test_a_freeze_is_a_walk_and_what_it_finds_and_the_proof() -> None:
    told = forecast([a_round(100)], budget_s=60, proof_s=4)
    assert told.freeze_s == DRAIN_S + 12 + 5 + 4
    assert not told.ready, "one round is none in a row"


def test_without_a_verification_the_proof_is_taken_to_be_a_walk() -> None:
    told = forecast([a_round(100)], budget_s=60, proof_s=None)
    assert (told.freeze_s, told.proof_s) == (DRAIN_S + 12 + 5 + 10, 10)


def test_ready_is_two_full_rounds_running_within_the_budget() -> None:
    two = [a_round(200), a_round(100)]
    assert forecast(two, budget_s=28, proof_s=None).ready
    assert not forecast(two, budget_s=27, proof_s=None).ready
    assert not forecast([a_round(200), a_round(100, walk_s=60)], budget_s=28, proof_s=None).ready
    quick = [a_round(200, kind=RoundKind.QUICK), a_round(100)]
    assert not forecast(quick, budget_s=60, proof_s=None).ready


def test_a_round_in_which_the_clock_was_set_back_makes_no_freeze_short() -> None:
    back = a_round(300, walk_s=-3_600, carry_s=5)
    told = forecast([back, a_round(100)], budget_s=60, proof_s=4)
    assert told == forecast([a_round(100)], budget_s=60, proof_s=4)
    assert not told.ready
    assert forecast([back], budget_s=60, proof_s=4).freeze_s is None


def test_rounds_end_where_the_walk_alone_takes_longer_than_the_budget() -> None:
    long = [a_round(300, walk_s=40, carry_s=0), a_round(100, walk_s=40, carry_s=0)]
    assert forecast(long, budget_s=60, proof_s=None).floored
    assert not forecast(long[:1], budget_s=60, proof_s=None).floored
    carrying = [a_round(300, carry_s=100), a_round(100, carry_s=100)]
    assert not forecast(carrying, budget_s=60, proof_s=None).floored


def test_nothing_is_known_before_a_round_has_ended() -> None:
    told = forecast([a_round(100, state=RoundState.STOPPED)], budget_s=60, proof_s=None)
    assert (told.freeze_s, told.ready, told.written_s) == (None, False, None)


def test_three_rounds_that_do_not_halve_are_outrun_with_both_rates() -> None:
    rounds = [a_round(100 * n, walk_s=60, moved=m) for n, m in ((4, 900), (3, 950), (2, 1000))]
    told = forecast([*rounds, a_round(100, walk_s=60, moved=1_500)], budget_s=60, proof_s=None)
    assert told.outrun
    assert (told.written_s, told.copied_s) == (9.0, 900 / 65)
    halving = [a_round(100 * n, walk_s=60, moved=m) for n, m in ((4, 200), (3, 900), (2, 1000))]
    told = forecast([*halving, a_round(100, walk_s=60, moved=1_500)], budget_s=60, proof_s=None)
    assert not told.outrun


def test_a_source_whose_freeze_is_short_outruns_nobody() -> None:
    rounds = [a_round(100 * n, walk_s=1, carry_s=1, moved=1_000) for n in (4, 3, 2, 1)]
    assert not forecast(rounds, budget_s=60, proof_s=None).outrun


def test_the_lag_counts_from_the_beginning_of_the_last_full_look() -> None:
    assert lag_s(a_round(100), 141 * NS_PER_S) == 41
    assert lag_s(None, 141 * NS_PER_S) is None
