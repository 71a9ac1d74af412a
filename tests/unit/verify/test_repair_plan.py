"""What a repair's plan is made of: its steps, what it leaves alone, and the hash of it (I8)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.verify.difference import (
    APART,
    OF_WORKSPACE,
    OTHERS,
    UNMARKED,
    Difference,
    Ill,
    Listed,
)
from core.verify.repair_plan import (
    LEFT,
    REMEDIES,
    ConfirmedRepair,
    Deed,
    Numbers,
    RepairPlan,
)

WS = "0a1b2c3d"
ROOT = "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"


def one(ill: Ill, key: bytes = b"k", bundle: int = 0) -> Difference:
    listed = Listed.ERROR if ill is Ill.UNREAD else Listed.DIFFER
    return Difference(listed, b"bucket", key, b"", ill, bundle=bundle)


def plan_of(*differences: Difference, unpin: tuple[str, ...] = (), ws: str = WS) -> RepairPlan:
    plan = RepairPlan(ws, unpin)
    for difference in differences:
        plan.take(difference)
    plan.finish()
    return plan


def test_each_kind_is_ended_by_a_step_or_has_a_remedy() -> None:
    for ill in Ill:
        plan = plan_of(one(ill))
        assert bool(plan.steps) != bool(plan.left), ill
        if plan.left:
            assert REMEDIES[ill], ill


def test_bundles_are_mended_before_the_rows_that_are_made_of_them() -> None:
    plan = plan_of(
        one(Ill.STALE_CACHE),
        one(Ill.ORPHAN_ROW),
        one(Ill.NO_ROW, bundle=3),
        one(Ill.LOST_BLOCK, bundle=3),
    )
    assert [step.deed for step in plan.steps] == [
        Deed.BUNDLES,
        Deed.ROWS,
        Deed.DROP_ROWS,
        Deed.CACHE,
    ]


def test_a_bundle_with_many_lines_is_mended_once() -> None:
    plan = plan_of(*(one(Ill.NO_PIN, b"%d" % n, bundle=7) for n in range(40)))
    step = plan.step(Deed.BUNDLES)
    assert (step.lines, len(step.bundles), list(step.bundles.behind(0))) == (40, 1, [7])


def test_i8_an_orphan_pin_goes_only_by_its_name() -> None:
    stray = Difference(
        Listed.EXTRA, APART, ROOT.encode(), b"", Ill.ORPHAN_PIN, "pin", "", "pin vgwm", ROOT
    )
    unnamed = plan_of(stray)
    assert (unnamed.steps, unnamed.orphans) == ([], [ROOT])
    assert unnamed.left == {Ill.ORPHAN_PIN: 1}
    other = plan_of(stray, unpin=("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",))
    assert other.steps == []
    named = plan_of(stray, unpin=(ROOT,))
    assert [step.deed for step in named.steps] == [Deed.UNPIN]


def test_a_row_that_somebody_else_made_is_in_no_step() -> None:
    def row(found: str) -> Difference:
        told = ("row", "none: unknown to the ledger", found)
        return Difference(Listed.EXTRA, b"bucket", b"k", b"", Ill.ORPHAN_ROW, *told)

    plan = plan_of(row(OTHERS), row(f"{OF_WORKSPACE}ffffffff"))
    assert (plan.steps, plan.left) == ([], {Ill.ORPHAN_ROW: 2})
    assert LEFT[Ill.ORPHAN_ROW]
    for found in ("a row of ours", UNMARKED):
        assert [step.deed for step in plan_of(row(found)).steps] == [Deed.DROP_ROWS]


def test_i8_the_hash_names_workspace_and_every_difference_in_its_place() -> None:
    first, second = one(Ill.NO_ROW, b"a", bundle=1), one(Ill.WRONG_CID, b"b", bundle=1)
    hashes = [
        plan_of(first, second).hash,
        plan_of(second, first).hash,
        plan_of(first).hash,
        plan_of(first, second, ws="ffffffff").hash,
        plan_of(first, second._replace(found="another")).hash,
        plan_of(first, second, unpin=(ROOT,)).hash,
    ]
    assert len(set(hashes)) == len(hashes)
    assert plan_of(first, second).digest == plan_of(first, second).digest
    # what is left alone is no part of what is confirmed
    assert plan_of(first, one(Ill.UNREAD)).digest == plan_of(first).digest


def test_what_was_confirmed_reads_back() -> None:
    wish = ConfirmedRepair(report="check-3", digest="ab" * 32, unpin=(ROOT,))
    assert ConfirmedRepair.parse(wish.stored()) == wish


@given(st.sets(st.integers(0, 50_000), max_size=200), st.integers(-1, 50_001))
def test_numbers_come_back_in_order_behind_any_place(numbers: set[int], after: int) -> None:
    kept = Numbers()
    for number in numbers:
        kept.add(number)
        kept.add(number)
    assert len(kept) == len(numbers)
    assert list(kept.behind(after)) == sorted(n for n in numbers if n > after)
    assert all((n in kept) is (n in numbers) for near in numbers for n in (near, near + 1))
