"""A sweep of kills, run as `python -m tests.faults.crash_sweep FOLDER SEED LANE LANES SHARE`.

For k = 0, 1, 2, .. a forked process runs one migration and is killed at its k-th moment; a fresh
one goes on; what is there then equals what a run without a kill left. LANES processes share the
moments. SHARE: 1 for every moment, 3 for a seeded third. Prints what it did as JSON.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.crash_ground import make_tree, make_workspace, wait_until_quiet
from tests.faults.crash_moments import Plan, passed
from tests.faults.crash_process import run
from tests.faults.crash_state import Proof, state_of

if TYPE_CHECKING:
    from tests.faults.crash_state import Place, State
    from tests.integration.source.tree import HandTree

MOST_MOMENTS = 5_000


@dataclass
class Told:
    """What a sweep did. again: how many bundles a killed run did again, at most. by: per moment."""

    moments: int = 0
    kills: int = 0
    resumed: int = 0
    most_again: int = 0
    seconds: float = 0.0
    by: Counter[str] = field(default_factory=Counter)


class Sweep:
    """Kills one migration at many moments."""

    def __init__(self, tree: HandTree, folder: Path, bodies: dict[Place, bytes]) -> None:
        self._tree = tree
        self._folder = folder
        self._proof = Proof(bodies)
        self.told = Told()
        self.whole = self._unhurt()

    def _unhurt(self) -> State:
        here = self._folder / "unhurt"
        workspace = make_workspace(self._tree, here)
        log = here / "moments"
        if (code := run(workspace, log, Plan(-1))) != 0:
            raise AssertionError(("a run without a kill fails", code))
        state = state_of(workspace / "ledger.db", here / "out" / "objects.db")
        self._proof.prove(here / "out", state)
        self.told.moments = len(passed(log))
        return state

    def kill(self, plan: Plan) -> bool:
        """Run with one kill, go on, compare; tell whether there was such a moment."""
        here = self._folder / f"{plan.at}-{plan.victim}"
        workspace = make_workspace(self._tree, here)
        first, second = here / "moments", here / "moments2"
        code = run(workspace, first, plan)
        names = passed(first)
        if len(names) <= plan.at:
            if code != 0:
                raise AssertionError((plan, code))
            return False
        walks = {}
        if code.by_us:
            walks = cursors(workspace / "ledger.db")
            self.told.resumed += 1
            code = run(workspace, second, Plan(-1))
        if code != 0:
            raise AssertionError((plan, code, names[plan.at]))
        self.told.kills += 1
        self.told.by[" ".join(w for w in names[plan.at].split() if not w.isdigit())] += 1
        self._compare(here, plan, names[plan.at])
        not_twice(passed(second), walks)
        self.told.most_again = max(self.told.most_again, again(names, passed(second)))
        shutil.rmtree(here)
        return True

    def _compare(self, here: Path, plan: Plan, name: str) -> None:
        state = state_of(here / "ws" / "ledger.db", here / "out" / "objects.db")
        if state != self.whole:
            raise AssertionError((plan, name, different(state, self.whole)))
        self._proof.prove(here / "out", state)


def different(state: State, whole: State) -> list[object]:
    """Name what differs, for whoever reads the failure."""
    found: list[object] = []
    for part in ("rows", "objects", "counters"):
        ours, theirs = getattr(state, part), getattr(whole, part)
        found += [
            (part, key, ours.get(key), theirs.get(key))
            for key in sorted({*ours, *theirs})
            if ours.get(key) != theirs.get(key)
        ][:5]
    return [*found, state.failures]


def cursors(ledger: Path) -> dict[str, bytes]:
    """Return how far each bucket's walk was committed, by its name."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT name,cursor FROM buckets WHERE cursor IS NOT NULL").fetchall()
    except sqlite3.OperationalError:  # killed before there were tables
        return {}
    return {name.decode(): cursor.partition(b"\0")[0] for name, cursor in rows}


def not_twice(names: list[str], behind: dict[str, bytes]) -> None:
    """Raise if a second walk gave a key that the first one's plan had committed."""
    for name in names:
        kind, *words = name.split()
        if kind == "walk" and words[1].encode() <= behind.get(words[0], b""):
            raise AssertionError(("walked twice", name, behind))


def again(*runs: list[str]) -> int:
    """Count bundles whose files were finished more than once."""
    ended = Counter(n for names in runs for n in names if n.startswith("sink finish"))
    return sum(n - 1 for name, n in ended.items() if name.endswith(">"))


def main(folder: Path, seed: int, lane: int, lanes: int, share: int) -> None:
    """Sweep this lane's moments."""
    began_s = time.monotonic()
    tree, bodies = make_tree(folder / "gw", seed)
    wait_until_quiet(tree)
    sweep = Sweep(tree, folder, bodies)
    chance = random.Random(seed)  # noqa: S311 - which moments
    for at in range(MOST_MOMENTS):
        taken, victim = chance.random() < 1 / share, chance.choice(("worker", "both"))
        if at % lanes != lane or not (taken or at < lanes):
            continue
        if not sweep.kill(Plan(at, victim)):
            break
    sweep.told.seconds = round(time.monotonic() - began_s, 1)
    sys.stdout.write(json.dumps(vars(sweep.told)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:6]))
