"""A look at the bytes of a copied ground, and what it found, by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.engine.reins import Reins
from core.engine.verifying.bytes import BytesRun
from core.engine.verifying.verifications import verify_means
from core.model import JobKind
from core.verify.bytes_told import BytesWish, Replicas
from core.verify.findings import findings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.engine.engine import Engine
    from core.verify.bytes_told import BytesFigures
    from core.verify.difference import Difference

FULL = BytesWish(seed=1, full=True)
EVERY = BytesWish(seed=1, full=True, replicas=Replicas.ALL)


@dataclass(frozen=True)
class Looked:
    """What a look came to."""

    figures: BytesFigures
    found: list[Difference]

    @property
    def ills(self) -> dict[tuple[str, str], str]:
        """What is wrong, by bucket and key; what is wrong with a bundle stands at its first."""
        return {(one.bucket.decode(), one.key.decode()): str(one.ill) for one in self.found}

    @property
    def places(self) -> Counter[str]:
        return Counter(one.where for one in self.found)


def a_look(
    engine: Engine, wish: BytesWish, folder: Path, knobs: Callable[[], Knobs] | None = None
) -> BytesRun:
    folder.mkdir(exist_ok=True)
    means = verify_means(engine.premises)
    if knobs is not None:
        means = replace(means, knobs=knobs)
    return BytesRun(means, wish, folder)


def new_reins() -> Reins:
    return Reins(id=1, kind=JobKind.VERIFY)


async def look(engine: Engine, wish: BytesWish, folder: Path) -> Looked:
    """Look to the end."""
    figures = await a_look(engine, wish, folder).run(new_reins())
    return Looked(figures, list(findings(folder)))
