"""What a bundle has to hold: a root, and the CIDs of its members. Pure."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.model import Cid


class Total(NamedTuple):
    """A bundle's members at a glance: how many, their bytes, their CIDs one behind the other."""

    n: int
    size_bytes: int
    cids: bytes


class Contents:
    """Members of a bundle in key order, as (CID, size). large: it is one object of any size.

    total: what suffices where all is well; then nobody asks for the members one by one.
    """

    def __init__(
        self,
        root: Cid,
        load: Callable[[], Sequence[tuple[bytes, int]]],
        *,
        large: bool = False,
        total: Total | None = None,
    ) -> None:
        self.root = root
        self.large = large
        self.total = total
        self._load = load

    @cached_property
    def members(self) -> Sequence[tuple[bytes, int]]:
        """Return the members one by one."""
        return self._load()

    @property
    def n(self) -> int:
        """Return how many there are."""
        return len(self.members) if self.total is None else self.total.n
