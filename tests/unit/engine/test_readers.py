"""How many workers read: fewer while the source is slow, all of them again when it is not."""

from __future__ import annotations

from core.engine.pace.readers import REST_LOOKS, Readers


def looks(readers: Readers, p99_s: float | None, *, times: int, workers: int = 9) -> list[int]:
    """Look so often; return the numbers that were allowed, 0 for no limit."""
    found = []
    for _ in range(times):
        readers.look(p99_s, 0.1, workers)
        found.append(readers.allowed or 0)
    return found


def test_a_slow_source_loses_a_third_of_its_readers_at_a_time_down_to_one() -> None:
    found = looks(Readers(), 0.5, times=40)
    assert list(dict.fromkeys(found)) == [6, 4, 3, 2, 1]
    assert found[:REST_LOOKS] == [6] * REST_LOOKS


def test_readers_come_back_one_by_one_when_the_source_is_calm_and_not_before() -> None:
    readers = Readers()
    looks(readers, 0.5, times=40, workers=3)
    assert set(looks(readers, 0.09, times=50, workers=3)) == {1}
    assert list(dict.fromkeys(looks(readers, 0.01, times=50, workers=3))) == [1, 2, 0]


def test_unknown_latency_changes_nothing() -> None:
    readers = Readers()
    assert looks(readers, None, times=10) == [0] * 10
    looks(readers, 0.5, times=1)
    assert looks(readers, None, times=10) == [6] * 10


def test_without_a_bound_all_read_at_once() -> None:
    readers = Readers()
    looks(readers, 0.5, times=5)
    assert readers.look(0.5, None, 9)
    assert readers.allowed is None
    assert not readers.look(0.5, None, 9)


def test_fewer_workers_than_readers_allowed_count_from_the_workers() -> None:
    readers = Readers()
    looks(readers, 0.5, times=1, workers=9)
    assert looks(readers, 0.5, times=REST_LOOKS, workers=3)[-1] == 2
