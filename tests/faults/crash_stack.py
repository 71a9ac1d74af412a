"""Kills on real servers, run as `python -m tests.faults.crash_stack SPEC`: one lane of them.

SPEC: a JSON file of a `Lane`. Each moment has a tree, a workspace and a source of its own; the
fault-free end of each is what the same tree gives in a directory. Prints what it did as JSON.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.schema import IpfsTarget
from core.config.secret import SecretRef
from tests.faults.crash_ground import make_workspace
from tests.faults.crash_moments import Plan, passed
from tests.faults.crash_process import run
from tests.faults.crash_state import state_of
from tests.faults.crash_sweep import different
from tests.integration.source.tree import HandTree

if TYPE_CHECKING:
    from tests.faults.crash_state import State

PASSWORD = "VGWM_LAB_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
REPLICATION = 2
KINDS = {
    "ledger commit": 50,
    "table commit": 10,
    "wire": 80,
    "control": 100,
    "control POST pins": 20,
}
"""The moments that are killed at, each kind by turns: of the first so many that a run passes."""


@dataclass(frozen=True)
class Lane:
    """What a lane does. folder: holds `NUMBER/gw` for each number."""

    folder: str
    seed: int
    numbers: list[int]
    kubo: list[str]
    cluster: list[str]
    user: str


@dataclass(frozen=True)
class Killed:
    """One kill that was survived. moment: its name. resumed: by a new engine."""

    number: int
    moment: str
    victim: str
    resumed: bool


def workspace_id(number: int) -> str:
    """Return the id of a moment's workspace: pins of different ones are told apart by it."""
    return f"{0xC0DE0000 + number:08x}"


class Moment:
    """One migration to the stack with one kill."""

    def __init__(self, lane: Lane, number: int) -> None:
        self._folder = Path(lane.folder) / str(number)
        self._tree = HandTree(self._folder / "gw", "xattr")
        self._number = number
        self._target = IpfsTarget(
            kubo=tuple(lane.kubo),
            cluster=tuple(lane.cluster),
            cluster_user=lane.user,
            cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
            replication=REPLICATION,
            table=f"sqlite:{self._folder}/objects.db",
        )

    def kill(self, chance: random.Random) -> Killed:
        """Kill it at a moment of its kind, go on, and compare its end with a directory's."""
        whole = self._unhurt()
        workspace = make_workspace(
            self._tree, self._folder / "ipfs", self._target, workspace_id(self._number)
        )
        kind = list(KINDS)[self._number % len(KINDS)]
        victim = chance.choice(("engine", "worker", "both"))
        plan = Plan(chance.randrange(KINDS[kind]), victim, kind)
        code, moment = -1, ""
        for attempt in range(8):  # a run may pass fewer moments of a kind than that
            log = self._folder / f"moments{attempt}"
            code = run(workspace, log, plan)
            names = passed(log)
            if len(names) > plan.at:
                moment = names[plan.at]
                break
            raise_unless_ended(code, plan)
            plan = plan._replace(at=plan.at // 2)
            workspace = self._afresh(attempt)
        resumed = code < 0
        if resumed:
            code = run(workspace, self._folder / "resumed", Plan(-1))
        raise_unless_ended(code, plan)
        state = state_of(workspace / "ledger.db", self._folder / "objects.db")
        if told(state) != told(whole):
            raise AssertionError((plan, moment, different(told(state), told(whole))))
        return Killed(self._number, moment, victim, resumed)

    def _unhurt(self) -> State:
        here = self._folder / "dir"
        workspace = make_workspace(self._tree, here, None, workspace_id(self._number))
        code = run(workspace, here / "moments", Plan(-1))
        raise_unless_ended(code, Plan(-1))
        return state_of(here / "ws" / "ledger.db", here / "out" / "objects.db")

    def _afresh(self, attempt: int) -> Path:
        """Begin anew, for a run that ended before its moment."""
        (self._folder / "ipfs").rename(self._folder / f"early{attempt}")
        (self._folder / "objects.db").unlink()
        return make_workspace(
            self._tree, self._folder / "ipfs", self._target, workspace_id(self._number)
        )


def raise_unless_ended(code: int, plan: Plan) -> None:
    """Raise AssertionError if a run ended in another way than well."""
    if code:
        raise AssertionError((plan, code))


def told(state: State) -> State:
    """Return what a directory's end and a cluster's have in common: all but the pins."""
    rows = {
        key: (*row[:4], {n: v for n, v in json.loads(str(row[4])).items() if n != "pin"})
        for key, row in state.rows.items()
    }
    return replace(state, rows=rows)


def main(spec: Path) -> None:
    """Do a lane's moments, one after the other."""
    lane = Lane(**json.loads(spec.read_text()))
    for number in lane.numbers:
        chance = random.Random(lane.seed * 1_000 + number)  # noqa: S311 - which moment
        killed = Moment(lane, number).kill(chance)
        sys.stdout.write(json.dumps(asdict(killed)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
