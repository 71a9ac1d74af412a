"""What is done about one peer's word on one pin, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.target.cluster_answers import PeerPin, PinStatus
from core.target.pin_step import Act, PinLimits, begin, step

LIMITS = PinLimits()


def acts(words: list[tuple[float, PinStatus]]) -> list[Act]:
    """Return what each look leads to. words: seconds since the post, and what the peer says."""
    wait = begin(0.0)
    done = []
    for at_s, status in words:
        wait, act = step(wait, PeerPin(status), at_s, LIMITS)
        done.append(act)
    return done


def every(seconds: range, status: PinStatus) -> list[tuple[float, PinStatus]]:
    return [(float(at_s), status) for at_s in seconds]


def test_i1_only_pinned_is_done() -> None:
    for status in PinStatus:
        assert (acts([(1, status)]) == [Act.DONE]) == (status is PinStatus.PINNED)


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from(PinStatus)), max_size=40))
def test_i1_no_history_makes_another_word_done(words: list[tuple[float, PinStatus]]) -> None:
    words.sort(key=lambda word: word[0])
    for (_, status), act in zip(words, acts(words), strict=True):
        assert (act is Act.DONE) == (status is PinStatus.PINNED)


def test_one_look_proves_nothing_bad() -> None:
    for status in PinStatus:
        if status is not PinStatus.PINNED:
            assert acts([(1, PinStatus.PINNING), (50, status)])[-1] in {
                Act.WAIT,
                Act.CHECK_BLOCKS,  # pinning again: its mood did not change
            }


def test_an_absent_pin_is_posted_again_every_ten_seconds_and_given_up_after_ninety() -> None:
    done = acts(every(range(1, 92), PinStatus.UNPINNED))
    assert [at_s for at_s, act in enumerate(done, 1) if act is Act.POST_AGAIN] == [
        *range(10, 90, 10)
    ]
    assert done[89] is Act.GIVE_UP


def test_a_pin_in_work_has_its_blocks_checked_every_thirty_seconds() -> None:
    done = acts(every(range(1, 602), PinStatus.PINNING))
    assert [at_s for at_s, act in enumerate(done, 1) if act is Act.CHECK_BLOCKS] == [
        *range(31, 601, 30)
    ]
    assert done[600] is Act.GIVE_UP


def test_a_pin_in_work_is_waited_for_while_its_peer_gets_on_with_others() -> None:
    wait, now_s = begin(0.0), 0.0
    for now_s in map(float, range(1, 5000, 10)):
        wait, act = step(wait, PeerPin(PinStatus.PINNING), now_s, LIMITS, progress_s=now_s - 500)
        assert act in {Act.WAIT, Act.CHECK_BLOCKS}
    _, act = step(wait, PeerPin(PinStatus.PINNING), now_s, LIMITS, progress_s=now_s - 600)
    assert act is Act.GIVE_UP


def test_a_large_object_has_the_time_that_its_blocks_take_to_be_read() -> None:
    wait = begin(0.0, read_s=1000.0)
    wait, _ = step(wait, PeerPin(PinStatus.PINNING), 1.0, LIMITS)
    wait, act = step(wait, PeerPin(PinStatus.PINNING), 1600.0, LIMITS)
    assert act is Act.CHECK_BLOCKS
    assert step(wait, PeerPin(PinStatus.PINNING), 1601.0, LIMITS)[1] is Act.GIVE_UP


def test_queued_and_pinning_are_one_wait() -> None:
    words = [(1.0, PinStatus.PIN_QUEUED), (30.0, PinStatus.PINNING), (31.0, PinStatus.PIN_QUEUED)]
    assert acts(words)[-1] is Act.CHECK_BLOCKS


def test_a_failed_pin_is_recovered_thrice_with_growing_pauses() -> None:
    done = acts(every(range(1, 30), PinStatus.PIN_ERROR))
    recovers = [at_s for at_s, act in enumerate(done, 1) if act is Act.CHECK_AND_RECOVER]
    assert recovers == [2, 4, 8]
    assert done[15] is Act.GIVE_UP


def test_recovers_are_counted_across_moods() -> None:
    words = []
    for round_ in range(6):
        at_s = round_ * 20.0
        words += [(at_s, PinStatus.PIN_ERROR), (at_s + 10, PinStatus.PIN_ERROR)]
        words += [(at_s + 11, PinStatus.PINNING)]
    done = acts(words)
    assert done.count(Act.CHECK_AND_RECOVER) == 3
    assert Act.GIVE_UP in done


def test_i7_no_word_is_waited_for_and_never_acted_on() -> None:
    for status in (PinStatus.CLUSTER_ERROR, PinStatus.UNDEFINED):
        done = acts(every(range(1, 22), status))
        assert set(done[:20]) == {Act.WAIT}
        assert done[20] is Act.GIVE_UP


def test_a_pin_held_elsewhere_has_its_allocations_looked_at() -> None:
    assert acts(every(range(1, 4), PinStatus.REMOTE))[-1] is Act.CHECK_ALLOCATION
