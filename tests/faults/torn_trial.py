"""Trials on hurt ledgers: each is refused, or holds a state that was committed; never another."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from core.errors import Broken, SchemaMismatch
from core.ledger.ledger import Ledger
from tests.faults.torn_files import NAME, copied, dump, states

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.faults.torn_files import Wound


class Trials:
    """Hurts copies of one ledger and opens them as an engine does."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        self.states = list(states(folder, scratch))
        self.seen: Counter[str] = Counter()
        self.refused: list[Wound] = []
        self.opened: list[Wound] = []

    def run(self, wounds: Iterable[Wound]) -> None:
        """Try each; raises AssertionError that names the wound where the ledger is wrong."""
        with asyncio.Runner() as runner:
            for wound in wounds:
                verdict = runner.run(self._try(wound))
                self.seen[verdict] += 1
                (self.refused if verdict.startswith("refused") else self.opened).append(wound)

    async def _try(self, wound: Wound) -> str:
        here = copied(self._folder, self._scratch / "trial")
        wound.inflict(here)
        try:
            ledger = await Ledger.open(here / NAME)
            await ledger.close()
        except Broken as error:
            if not error.remedy:
                raise AssertionError(("no remedy", wound, error.what)) from error
            return f"refused: {error.what.split(':')[0].lstrip('0123456789 ')}"[:70]
        except SchemaMismatch:
            return "refused: schema"
        finally:
            shutil.rmtree(here)
        return self._judged(wound)

    def _judged(self, wound: Wound) -> str:
        here = copied(self._folder, self._scratch / "look")
        wound.inflict(here)
        try:
            state = dump(here / NAME)
        finally:
            shutil.rmtree(here)
        if state == self.states[-1]:
            return "whole"
        if state in self.states:
            return "its tail is lost"
        raise AssertionError(("silently wrong", wound))
