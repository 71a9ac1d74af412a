"""What is wrong with a bundle's members, by what was seen of its blocks. Pure."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.dag.errors import BadCid
from core.display import safe
from core.verify.difference import Ill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.verify.contents import Contents, Total
    from core.verify.weave import Directory, Weave

_cid = itemgetter(0)
_size = itemgetter(1)


class Fault(NamedTuple):
    """What is wrong. at: the member's place among those that were judged; -1: the bundle itself.

    field, wanted, found: as of `Difference`, safe to show. where: the file or node.
    """

    at: int
    ill: Ill
    field: str
    wanted: str
    found: str
    where: str


class Seen(NamedTuple):
    """What was seen of a bundle at one place. cut: why not all of it could be read."""

    weave: Weave
    where: str
    cut: str = ""


def judge(contents: Sequence[tuple[bytes, int]], seen: Seen) -> list[Fault]:
    """Return the faults of members whose blocks were looked for; [] where all are whole.

    contents: (CID, size) of each.
    """
    held = seen.weave.held
    if list(map(held.get, map(_cid, contents))) == list(map(_size, contents)):
        return []
    return [
        _fault(at, contents[at], seen)
        for at, (cid, size) in enumerate(contents)
        if held.get(cid) != size
    ]


def judge_root(contents: Sequence[tuple[bytes, int]], root: bytes, seen: Seen) -> list[Fault]:
    """Return the faults of the bundle's root and manifest, and of members that no link covers."""
    directory = seen.weave.directories.get(root)
    if directory is None:
        return [_of_block(-1, root, seen, "root")]
    found = []
    if directory.entries != list(map(_cid, contents)):
        covered = set(directory.entries)
        lost = "not below its bundle's root"
        found = [
            Fault(at, Ill.LOST_BLOCK, "root", text_of(cid), lost, seen.where)
            for at, (cid, _) in enumerate(contents)
            if cid not in covered
        ]
    if directory.manifest is None:
        found.append(Fault(-1, Ill.NO_MANIFEST, "manifest", "manifest", "not named", seen.where))
    elif directory.manifest not in seen.weave.held:
        fault = _of_block(-1, directory.manifest, seen, "manifest")
        found.append(fault._replace(ill=Ill.NO_MANIFEST))
    return found


def judge_all(contents: Contents, seen: Seen) -> list[Fault]:
    """Return all faults of a bundle, one of each member."""
    directory = seen.weave.directories.get(contents.root)
    total = contents.total
    if total is not None and directory is not None and _is_whole(total, directory, seen.weave):
        return []
    found = judge(contents.members, seen)
    blamed = {fault.at for fault in found if fault.at >= 0}
    below = judge_root(contents.members, contents.root, seen)
    return found + [one for one in below if one.at not in blamed]


def _is_whole(total: Total, directory: Directory, weave: Weave) -> bool:
    """Tell whether the root links the members as they are, and all their blocks were seen."""
    try:
        size_bytes = sum(map(weave.held.__getitem__, directory.entries))
    except KeyError:
        return False
    same = b"".join(directory.entries) == total.cids
    return same and size_bytes == total.size_bytes and directory.manifest in weave.held


def text_of(cid: bytes) -> str:
    """Return a CID's text, or its bytes in hex where it is none of ours."""
    try:
        return cids.text(cid)
    except BadCid:
        return safe(cid.hex())


def _fault(at: int, member: tuple[bytes, int], seen: Seen) -> Fault:
    cid, size = member
    there = seen.weave.held.get(cid)
    if there is not None:
        wanted, found = f"{size:,} bytes", f"{there:,} bytes"
        return Fault(at, Ill.WRONG_SIZE, "size", wanted, found, seen.where)
    return _of_block(at, seen.weave.missing_below(cid), seen, "block")


def _of_block(at: int, cid: bytes, seen: Seen, field: str) -> Fault:
    there = seen.weave.bad.get(cid)
    if there is not None:
        return Fault(at, Ill.BAD_BYTES, field, text_of(cid), there, seen.where)
    absent = f"absent: {seen.cut}" if seen.cut else "absent"
    return Fault(at, Ill.LOST_BLOCK, field, text_of(cid), absent, seen.where)
