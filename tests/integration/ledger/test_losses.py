"""What the target does not show is kept by name, once, in the commit of the copy (I4, I5)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from core.ledger import losses
from core.ledger.connection import open_reader
from core.model import Skip, Unrepresentable
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from core.ledger.ledger import Ledger

FOREIGN = Unrepresentable.FOREIGN_XATTR.value


async def test_what_is_lost_again_is_counted_once(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    members = scene.entries(0, 60)
    number = await scene.planned(ledger, bucket, members)
    lost = [(key, b"", FOREIGN, f"user.{n}") for key, *_ in members for n in (1, 2)]
    await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS, lost[:50])
    await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS, lost)
    assert dict((await ledger.counters()).classes) == {FOREIGN: 120}
    assert (await ledger.counters(bucket)).classes == (await ledger.counters()).classes
    with closing(open_reader(tmp_path / "ledger.db")) as conn:
        kept = list(losses.read(conn))
    assert [(one.key, one.version, one.why, one.what) for one in kept] == lost
    assert {one.bucket for one in kept} == {b"photos"}


async def test_a_copy_done_again_counts_in_place_of_the_one_before(
    ledger: Ledger, bucket: int
) -> None:
    number = await scene.planned(ledger, bucket, scene.entries(0, 9))
    other = await scene.planned(ledger, bucket, scene.entries(9, 9))

    async def copied(bundle: int, **tallies: int) -> dict[str, int]:
        await ledger.copied(bundle, scene.ROOT, scene.PEERS, scene.COUNTS, tallies=tallies)
        assert (await ledger.counters(bucket)).classes == (await ledger.counters()).classes
        return dict((await ledger.counters()).classes)

    assert await copied(number, posix_owner_mode=4, timestamp_range=1) == {
        "posix_owner_mode": 4,
        "timestamp_range": 1,
    }
    assert await copied(other, posix_owner_mode=2) == {"posix_owner_mode": 6, "timestamp_range": 1}
    assert await copied(number, posix_owner_mode=3) == {"posix_owner_mode": 5}


async def test_pages_neither_repeat_nor_leave_out(
    ledger: Ledger, bucket: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = scene.entries(0, 7)
    number = await scene.planned(ledger, bucket, members)
    lost = [(key, b"", FOREIGN, f"user.{n}") for key, *_ in members for n in range(3)]
    await ledger.copied(number, scene.ROOT, scene.PEERS, scene.COUNTS, lost)
    skips = [Skip(b"z%d" % n, b"", Unrepresentable.KEY_NOT_UTF8, "odd") for n in range(5)]
    await ledger.plan_page(bucket, bundles=[], skips=skips, cursor=(b"zz", b""))
    monkeypatch.setattr(losses, "PAGE", 2)
    with closing(open_reader(tmp_path / "ledger.db")) as conn:
        assert [one[2:] for one in losses.read(conn)] == lost
        assert [one.key for one in losses.left_out(conn)] == [skip.key for skip in skips]
