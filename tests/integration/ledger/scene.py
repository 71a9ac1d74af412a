"""A small migration for tests: buckets, bundles and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.ledger.ledger import Ledger
from core.ledger.rows import EntryRow, EventDraft, LedgerIdentity, NewBundle, RecordRow
from core.model import BlockCounts, BundleKind, Cid, ObjectState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IDENTITY = LedgerIdentity(workspace="0a1b2c3d", source_dev=66, source_ino=2**63 + 5, profile="p1")
ROOT = Cid(b"\x01\x70\x12\x20" + b"r" * 32)
LEAF = b"\x01\x55\x12\x20" + b"l" * 32
COUNTS = BlockCounts(sections=12, section_bytes=4_096, unique_blocks=11, unique_bytes=4_000)
PEERS = ("peer-a", "peer-b")


async def opened(path: Path) -> Ledger:
    """Open a ledger in a folder, and make it if there is none."""
    return await Ledger.open(path / "ledger.db", IDENTITY)


def entries(first: int, n: int, *, size: int | None = 4_096) -> list[EntryRow]:
    """Return n entries with keys in order, numbered from first."""
    return [
        (b"photos/%06d" % number, b"", size, number + 1, 10**18 + number, 10**18 + number)
        for number in range(first, first + n)
    ]


def bundle_of(number: int, members: Sequence[EntryRow]) -> NewBundle:
    """Return a bundle of these members."""
    return NewBundle(
        id=number,
        first=members[0][:2],
        last=members[-1][:2],
        kind=BundleKind.RANGE,
        entries=members,
    )


async def planned(ledger: Ledger, bucket_id: int, members: Sequence[EntryRow]) -> int:
    """Store a bundle as the plan does; return its number."""
    number = await ledger.next_bundle_id()
    await ledger.plan_page(
        bucket_id,
        bundles=[bundle_of(number, members)],
        skips=[],
        cursor=members[-1][:2],
        event=EventDraft(kind="planned", text=f"{len(members)} keys"),
    )
    return number


def row(
    bucket_id: int,
    entry: EntryRow,
    state: ObjectState = ObjectState.RECORDED,
    size: int | None = None,
) -> RecordRow:
    """Return what a worker hands back for an entry; size: if it is not the planned one."""
    key, version, planned_size, ino, mtime_ns, ctime_ns = entry
    kept = planned_size if size is None else size
    cid = LEAF if state is ObjectState.RECORDED else None
    return (int(state), cid, None, kept, ino, mtime_ns, ctime_ns, 7, bucket_id, key, version)


async def pinned(ledger: Ledger, number: int) -> None:
    """Bring a bundle to the state in which it may be recorded."""
    await ledger.copying([number], "worker 0")
    await ledger.copied(number, ROOT, PEERS, COUNTS)
    await ledger.pinned([number])


async def recorded(
    ledger: Ledger, bucket_id: int, number: int, members: Sequence[EntryRow]
) -> None:
    """Bring a planned bundle to its end."""
    await pinned(ledger, number)
    await ledger.record(
        number,
        [row(bucket_id, entry) for entry in members],
        event=EventDraft(kind="recorded", text=f"bundle {number}"),
    )
