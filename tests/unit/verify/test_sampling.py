"""The sample: the same for the same seed, of about the size asked for, denser for rare parts."""

from __future__ import annotations

import msgspec

from core.ledger.counters import CLASSES
from core.model import MIB
from core.verify.sampling import LEAST, Draw, Home, Member, Parts, parts_of, pick, size_class

HOME = Home(b"bucket", 1, "w1", retried=False)


def members(n: int, size_bytes: int = 4_096) -> list[Member]:
    return [Member(b"key/%06d" % i, b"", b"", size_bytes) for i in range(n)]


def parts(total: int, **more: dict[int, int]) -> Parts:
    sizes = [0] * CLASSES
    for at, n in more.get("sizes", {size_class(4_096): total}).items():
        sizes[at] = n
    return Parts(
        total=total,
        sizes=tuple(sizes),
        buckets=more.get("buckets", {1: total}),
        workers={"w1": total},
        retried={False: total},
    )


def keys(draw: Draw, of: list[Member], home: Home = HOME) -> set[bytes]:
    return {of[one.at].key for one in pick(draw, home, of)}


def test_the_same_seed_takes_the_same_objects_and_another_others() -> None:
    of = members(20_000)
    one, same, other = (Draw.of(seed, 1_000, parts(20_000)) for seed in (8123, 8123, 8124))
    assert keys(one, of) == keys(same, of)
    assert keys(one, of) != keys(other, of)
    assert 880 < len(keys(one, of)) < 1_120


def test_an_object_is_taken_or_not_whatever_stands_around_it() -> None:
    of = members(5_000)
    draw = Draw.of(1, 500, parts(5_000))
    assert keys(draw, of) == keys(draw, of[:2_500]) | keys(draw, of[2_500:])


def test_bucket_and_version_are_part_of_the_name() -> None:
    of = members(5_000)
    draw = Draw.of(1, 500, parts(5_000))
    elsewhere = keys(draw, of, HOME._replace(bucket=b"other"))
    versions = keys(draw, [one._replace(version=b"v1") for one in of])
    assert len({frozenset(keys(draw, of)), frozenset(elsewhere), frozenset(versions)}) == 3


def test_a_part_is_taken_whole_where_its_limit_leaves_nothing_out() -> None:
    one, many = size_class(4 * MIB), size_class(4_096)
    draw = Draw.of(1, 500, parts(5_000, sizes={many: 4_999, one: 1}, buckets={1: 4_999, 2: 1}))
    assert [draw.takes_whole("size", str(at)) for at in (one, many)] == [True, False]
    assert [draw.takes_whole("bucket", name) for name in ("2", "1")] == [True, False]
    assert [draw.takes_whole("worker", "w1"), draw.takes_whole("tries", "first try")] == [False] * 2
    assert Draw.of(1, 5_000, parts(5_000)).takes_whole("worker", "w1")


def test_a_larger_sample_holds_the_smaller() -> None:
    of = members(5_000)
    assert keys(Draw.of(1, 100, parts(5_000)), of) < keys(Draw.of(1, 900, parts(5_000)), of)


def test_a_sample_of_as_many_as_there_are_is_all() -> None:
    of = members(300)
    draw = Draw.of(1, 300, parts(300))
    assert draw.takes_all
    assert len(keys(draw, of)) == 300
    assert not Draw.of(1, 299, parts(300)).takes_all


def test_a_rare_size_is_read_more_densely_and_counts_apart() -> None:
    rare = size_class(20 * MIB)
    draw = Draw.of(5, 10_000, parts(1_000_000, sizes={size_class(4_096): 999_900, rare: 100}))
    large = members(100, 20 * MIB)
    taken = pick(draw, HOME, large)
    assert len(taken) == LEAST  # all of them
    assert sum(one.proper for one in taken) < 10  # a hundredth of them is in the sample proper
    assert draw.denser("size", str(rare))
    assert not draw.denser("size", str(size_class(4_096)))
    small = pick(draw, HOME, members(10_000))
    assert small
    assert all(one.proper for one in small)


def test_a_small_bucket_is_read_more_densely() -> None:
    draw = Draw.of(5, 10_000, parts(1_000_000, buckets={1: 999_950, 2: 50}))
    of = members(50)
    assert len(pick(draw, HOME._replace(bucket=b"small", bucket_id=2), of)) == 50
    assert len(pick(draw, HOME, of)) < 10
    assert draw.denser("bucket", "2")
    assert not draw.denser("bucket", "1")


def test_a_draw_with_few_retried_objects_is_kept_as_it_is() -> None:
    few = msgspec.structs.replace(parts(1_000_000), retried={False: 999_950, True: 50})
    draw = Draw.of(5, 10_000, few)
    assert draw.denser("tries", "retried")
    assert not draw.denser("tries", "first try")
    assert len(pick(draw, HOME._replace(retried=True), members(50))) == 50
    assert msgspec.json.decode(msgspec.json.encode(draw), type=Draw) == draw


def test_very_many_parts_do_not_make_a_sample_of_everything() -> None:
    buckets = dict.fromkeys(range(1, 20_001), 100)
    draw = Draw.of(5, 10_000, parts(2_000_000, buckets=buckets))
    assert not draw.buckets  # a hundred of each would be all of it


def test_parts_of_an_object_are_named_by_size_bucket_worker_and_tries() -> None:
    again = HOME._replace(retried=True)
    assert parts_of(again, 0) == (
        ("size", "0"),
        ("bucket", "1"),
        ("worker", "w1"),
        ("tries", "retried"),
    )
