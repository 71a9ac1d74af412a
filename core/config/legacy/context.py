"""What a conversion has to know beside the old file: handed in, so that it stays pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from core.config.legacy.decisions import Decisions

if TYPE_CHECKING:
    from core.config.schema import PosixSource, S3Source


class Pair(Protocol):
    """Looks at a certificate and its key, both absolute paths."""

    def __call__(self, cert: str, key: str) -> str:
        """Return what is wrong with them, such as `expired 2 d ago`; nothing if they are fine."""


def trusting(cert: str, key: str) -> str:  # noqa: ARG001 - a Pair's signature
    """Find nothing wrong: for a conversion whose files lie on another host."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the new gateway finds its data: path below `backend.ipfs` to value, as text.

    replication: copies that vgwm.yaml asks for, None for the profile's. warnings: by path.
    """

    values: tuple[tuple[str, str], ...] = ()
    replication: int | None = None
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """source: of vgwm.yaml, None without a workspace. pair: looks at certificates."""

    decisions: Decisions = field(default_factory=Decisions)
    source: PosixSource | S3Source | None = None
    destination: Destination = field(default_factory=Destination)
    pair: Pair = trusting
