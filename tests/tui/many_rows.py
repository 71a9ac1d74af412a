"""A list of a million differences on disk, in the form that a verification leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.verify.difference import Ill, Listed
from core.verify.list_files import (
    OFFSET,
    STEP,
    BucketRows,
    Contents,
    ListTold,
    contents_path,
    list_path,
    rows_path,
    steps_path,
)

if TYPE_CHECKING:
    from pathlib import Path

_STEP_ROWS = 256
_LINE = (
    b'{"object":"bucket0/many/%07d","kind":"%b","field":"size","wanted":"9","found":"8","bundle":3}'
    b"\n"
)
KINDS = (Ill.WRONG_SIZE, Ill.WRONG_CID, Ill.NO_ROW)


def fill(folder: Path, total: int) -> None:
    """Put `total` rows `bucket0/many/0000000` and so on in place of a report's `differ`.

    The kinds of KINDS take turns.
    """
    told = msgspec.json.decode(contents_path(folder).read_bytes(), type=Contents)
    lines = [_LINE % (n, KINDS[n % 3].encode()) for n in range(total)]
    offsets, at = [], 0
    for line in lines:
        offsets.append(at)
        at += len(line)
    list_path(folder, Listed.DIFFER).write_bytes(b"".join(lines))
    steps = (STEP.pack(n, offsets[n]) for n in range(0, total, _STEP_ROWS))
    steps_path(folder, Listed.DIFFER).write_bytes(b"".join(steps))
    for place, kind in enumerate(KINDS):
        packed = b"".join(map(OFFSET.pack, offsets[place::3]))
        rows_path(folder, Listed.DIFFER, kind).write_bytes(packed)
    differ = ListTold(
        rows=total,
        objects=total,
        kinds={kind: len(offsets[place::3]) for place, kind in enumerate(KINDS)},
        buckets=[BucketRows("bucket0", 0, total, 0, at)],
    )
    whole = msgspec.structs.replace(told, lists={**told.lists, Listed.DIFFER: differ})
    contents_path(folder).write_bytes(msgspec.json.encode(whole))
