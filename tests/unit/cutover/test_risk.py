from __future__ import annotations

import msgspec

from core.cutover.risk import SILENT_NS, judge
from core.ledger.at_risk import GreenTally
from core.ledger.greenlog import Stand

FLIP = 10**18
OPEN = GreenTally(puts=3, deletes=2, size_bytes=70, oldest_ns=FLIP + 5, uncarriable=1)


def test_before_the_flip_nothing_is_at_risk() -> None:
    told = judge(Stand(), GreenTally(0, 0, 0, 0, 0), FLIP)
    assert (told.since_ns, told.writes, told.silent_since_ns) == (0, 0, 0)


def test_what_is_not_on_blue_is_at_risk() -> None:
    stand = Stand(since_ns=FLIP, buckets=(1,), feed="triggers", heard_ns=FLIP + 10, carried=9)
    told = judge(stand, OPEN, FLIP + 11)
    assert (told.writes, told.deletes, told.size_bytes, told.uncarriable) == (3, 2, 70, 1)
    assert (told.since_ns, told.oldest_ns, told.carried) == (FLIP, FLIP + 5, 9)
    assert told.silent_since_ns == 0


def test_i7_silence_is_said_since_the_last_word() -> None:
    stand = Stand(since_ns=FLIP, buckets=(1,), feed="triggers", heard_ns=FLIP + 10)
    assert judge(stand, OPEN, FLIP + 10 + SILENT_NS).silent_since_ns == 0
    assert judge(stand, OPEN, FLIP + 11 + SILENT_NS).silent_since_ns == FLIP + 10


def test_i7_a_feed_that_never_spoke_is_silent_since_the_flip() -> None:
    stand = Stand(since_ns=FLIP, buckets=(1,))
    assert judge(stand, OPEN, FLIP + 1 + SILENT_NS).silent_since_ns == FLIP


def test_i7_a_clock_that_was_set_back_hides_no_silence() -> None:
    stand = Stand(since_ns=FLIP, buckets=(1,), feed="triggers", heard_ns=FLIP + 3_600 * 10**9)
    assert judge(stand, OPEN, FLIP).silent_since_ns == stand.heard_ns
    heard = msgspec.structs.replace(stand, since_ns=stand.heard_ns, heard_ns=FLIP)
    assert judge(heard, OPEN, FLIP + 1).silent_since_ns == 0
