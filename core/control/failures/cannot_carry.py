"""What the target does not show, object by object: what is left out whole, and what of the rest.

Read straight from the ledger, page by page, beside an engine or without one.
"""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from core.display import safe
from core.errors import NoPlan
from core.ledger import losses
from core.ledger.connection import FAULTS, LEDGER_NAME, error_of, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stays behind. why: its class; what: of it, such as an attribute's name.

    object: bucket/key, safe to show. whole: the object itself stays behind.
    """

    object: str
    version: str
    why: str
    what: str
    whole: bool

    def line(self) -> str:
        """Return it as one plain line."""
        version = f" (version {self.version})" if self.version else ""
        return f"{self.why:<20} {self.object}{version}  {self.what}".rstrip()


def left_behind(workspace: Path) -> Iterator[Left]:
    """Yield objects that the walk left out, what of migrated ones is not shown, and old versions.

    The first and last as planned, the second as bundles are copied. Raises NoPlan without a ledger.
    """
    path = workspace / LEDGER_NAME
    if not path.is_file():
        raise NoPlan(
            what="the workspace has no plan", where=safe(str(workspace)), remedy="vgwm plan"
        )
    try:
        with closing(open_reader(path)) as conn:
            for skipped in losses.left_out(conn):
                yield _left(skipped[1:], whole=True)
            for lost in chain(losses.read(conn), losses.history(conn)):
                yield _left(lost[1:], whole=False)
    except FAULTS as error:
        raise error_of(error, path) from error


def _left(row: tuple[bytes, bytes, bytes, str, str], *, whole: bool) -> Left:
    bucket, key, version, why, what = row
    return Left(
        object=safe(bucket + b"/" + key), version=safe(version), why=why, what=what, whole=whole
    )
