"""What an operator wants done about which failures, and the hash of what that comes to. Pure.

The hash names every object that an act would take, as it stands: an act that was shown is done as
it was shown, or refused (I8). May import dag's canonical JSON and the ledger's rows.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.ledger.failure_pages import FailureFilter
from core.ledger.rows import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.ledger.failure_looks import Standing
    from core.ledger.failure_pages import FailurePlace

CORRUPT: Final = "corrupt"
"""A class that only a look at the bytes can tell: they contradict their stored checksum now."""

HASH_BYTES: Final = 4


class Deed(StrEnum):
    """What can be done about failures; each is a job's kind too."""

    RETRY = "retry"
    SKIP = "skip"
    UNSKIP = "unskip"

    @property
    def takes(self) -> Disposition:
        """Which failures it takes."""
        return Disposition.WAIVED if self is Deed.UNSKIP else Disposition.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An act and the failures that it is for.

    places: these objects and no others, in order; None: every one of code, phase and prefix (bytes
    of `bucket/key`). max_attempts: tries that an object gets in a retry.
    """

    deed: Deed
    code: str = ""
    phase: str = ""
    prefix: bytes = b""
    places: tuple[FailurePlace, ...] | None = None
    reason: str = ""
    max_attempts: int = 0

    @property
    def filter(self) -> FailureFilter:
        """Return which failures are looked at. Class `corrupt` is told by their bytes."""
        return FailureFilter(
            code="" if self.code == CORRUPT else self.code,
            phase=self.phase,
            prefix=self.prefix,
            disposition=self.deed.takes,
        )

    def of(self, places: Iterable[FailurePlace]) -> Wish:
        """Return the same act for these objects."""
        return replace(self, places=tuple(sorted(places)))

    def stored(self) -> bytes:
        """Return the wish as a job keeps it; `parse` reads it back."""
        return dumps(
            {
                "deed": self.deed,
                "code": self.code,
                "phase": self.phase,
                "prefix": self.prefix.hex(),
                "places": None if self.places is None else _packed(self.places),
                "reason": self.reason,
                "max_attempts": self.max_attempts,
            }
        ).encode()

    @staticmethod
    def parse(stored: bytes) -> Wish:
        """Return the wish that `stored` wrote."""
        read = json.loads(stored)
        return Wish(
            deed=Deed(read["deed"]),
            code=read["code"],
            phase=read["phase"],
            prefix=bytes.fromhex(read["prefix"]),
            places=None if read["places"] is None else _unpacked(read["places"]),
            reason=read["reason"],
            max_attempts=read["max_attempts"],
        )


class WishHash:
    """Takes every object that an act would take, in order; `text` names them all."""

    def __init__(self, workspace: str, wish: Wish) -> None:
        self._state = blake2b(digest_size=HASH_BYTES)
        self._state.update(dumps([workspace, wish.deed, wish.reason, wish.max_attempts]).encode())

    def add(self, one: Standing) -> None:
        """Take the next object, as it stands."""
        key, version = one.key.hex(), one.version.hex()
        told = f"{one.bucket_id} {key} {version} {one.tries} {one.last_ns} {one.code}\n"
        self._state.update(told.encode())

    @property
    def text(self) -> str:
        """Eight hexadecimal digits."""
        return self._state.hexdigest()


def _packed(places: Sequence[FailurePlace]) -> str:
    lines = "\n".join(f"{bid}.{key.hex()}.{version.hex()}" for bid, key, version in places)
    return base64.b64encode(zlib.compress(lines.encode())).decode()


def _unpacked(text: str) -> tuple[FailurePlace, ...]:
    lines = zlib.decompress(base64.b64decode(text)).decode()
    parts = (line.split(".") for line in lines.split("\n") if line)
    return tuple((int(bid), bytes.fromhex(key), bytes.fromhex(ver)) for bid, key, ver in parts)
