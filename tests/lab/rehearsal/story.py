"""The story by the commands that an operator types, with clients at work from end to end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.lab.gateway import s3_client
from tests.lab.load import proofs
from tests.lab.load.journal import Journal, Told
from tests.lab.load.readers import Readers
from tests.lab.load.sides import BLUE, GREEN
from tests.lab.load.writers import Writers
from tests.lab.missing import LabError
from tests.lab.process import until
from tests.lab.rehearsal.assessing import assess
from tests.lab.rehearsal.ground import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.load.proofs import Kept, Pause
    from tests.lab.rehearsal.ground import Ground

NOISY: Final = "keys equal, but p99"
TRIES: Final = 4
WRITERS: Final = 4
READERS: Final = 2
AFTER: Final = 20
"""Writes that blue has to acknowledge after the way back, before the clients stop."""

ON_GREEN: Final = 60
"""Writes that green has to acknowledge before anybody goes back."""


@dataclass(slots=True)
class Figures:
    """What a rehearsal measured. seconds: by step, in their order.

    key_to_blue_s: from the confirmed rollback to the first write that blue acknowledged. expected:
    seconds by state, as the plan of the real cutover says after its rehearsal.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    held: int = 0
    pauses: list[Pause] = field(default_factory=list)
    reads: int = 0
    failed_reads: int = 0
    without_reads_s: float = 0
    key_to_blue_s: float = 0
    expected: dict[str, float] = field(default_factory=dict)
    on_green: Kept | None = None
    on_blue: Kept | None = None


class Story:
    """Clients at a ground, the steps of an operator, and what the journals say afterwards.

    say: told each step and how long it took.
    """

    def __init__(self, ground: Ground, *, seed: int, say: Callable[[str], None]) -> None:
        self.ground = ground
        self.journal = Journal()
        self.figures = Figures()
        self._say = say
        account = ground.blue.account
        self._writers = Writers(
            ground.urls, account, BUCKETS, self.journal, count=WRITERS, seed=seed
        )
        self.readers = Readers(ground.urls, account, ground.fixed, self.journal, count=READERS)

    @contextmanager
    def clients(self) -> Iterator[None]:
        """Let clients write and read inside; at the end each has its last write acknowledged."""
        self.readers.start()
        self._writers.start()
        try:
            yield
        finally:
            self._writers.stop()
            self.readers.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what stands inside."""
        began_s = time.monotonic()
        yield
        self.figures.seconds[name] = took_s = time.monotonic() - began_s
        self._say(f"{name:<22} {took_s:6.2f} s")

    def run(self, *words: str, found: bool = False) -> dict[str, object]:
        """Run one command as a step; return its result. found: it may end with 1, as writers go on.

        Raises LabError for any other end.
        """
        with self.step(" ".join(words[:2])):
            ran = self.ground.vgwm.run("--json", *words, code=None)
        if ran.code != 0 and not (found and ran.code == 1):
            raise LabError(f"vgwm {' '.join(words)} ended with {ran.code}: {ran.err[-2_000:]}")
        return ran.result()

    def prepare(self) -> None:
        """Everything before the cutover: blue serves, and its writers go on."""
        vgwm = self.ground.vgwm
        with self.step("assess"):
            assess(vgwm)
        for words in (("plan",), ("copy",), ("sync", "--once"), ("sync", "--once")):
            self.run(*words, found=words != ("plan",))
        self.run("verify", "--full", found=True)

    def shown(self, *words: str) -> str:
        """Look at an act's plan; return its hash.

        Once more where only green's p99 was too long: a busy host doubles it for no reason of ours.
        """
        off = ""
        for _ in range(TRIES):
            with self.step(" ".join((*words[:2], "plan"))):
                plan = self.ground.vgwm.run("--json", *words).result()
            off = str(plan.get("off", ""))
            if not off:
                self.figures.expected = _expected(plan["steps"])
                return str(plan["hash"])
            if not all(NOISY in line for line in off.splitlines()):
                break
        raise LabError(f"{' '.join(words)} is off: {off}")

    def confirmed(self, *words: str) -> dict[str, object]:
        """Look at an act's plan, confirm what was shown, and wait for its end."""
        return self.run(*words, "--confirm", self.shown(*words))

    def back(self) -> None:
        """Go back with one key, as it was shown, and time it to blue's first write."""
        shown = self.shown("rollback", "start")
        began_ns = time.monotonic_ns()
        self.run("rollback", "start", "--confirm", shown)
        self.wait_for_writes(BLUE, self.acknowledged(BLUE) + AFTER)
        first_ns = min(
            attempt.ended_ns
            for attempt in list(self.journal.attempts)
            if attempt.side == BLUE and attempt.op != "get" and attempt.began_ns > began_ns
        )
        self.figures.key_to_blue_s = (first_ns - began_ns) / 1e9

    def take_on_gates(self) -> None:
        """Acknowledge every warning of the gates by its name."""
        gates = self.ground.vgwm.run("--json", "cutover", "status", code=None).result()["gates"]
        if not isinstance(gates, list):
            raise LabError("no gates")
        for name in [gate["name"] for gate in gates if gate["verdict"] == "warn"]:
            words = ("cutover", "status", "--ack", f"{name}=on loopback")
            self.ground.vgwm.run(*words, code=None)

    def wait_for_writes(self, side: str, count: int = ON_GREEN) -> None:
        """Wait until a side has acknowledged so many writes."""
        until(
            f"{count} writes acknowledged by {side}",
            lambda: self.acknowledged(side) >= count,
            limit_s=60,
            every_s=0.1,
        )

    def read_back_on_green(self) -> Kept:
        """Read at the front, while clients write, what was ever acknowledged by either side."""
        front = self.ground.front
        with self.step("all keys on green"), s3_client(front.url, front.account) as client:
            self.figures.on_green = found = proofs.kept(self.journal, client)
        return found

    def read_back_on_blue(self) -> Kept:
        """Read at the old gateway what was ever acknowledged by either side."""
        blue = self.ground.blue
        with self.step("all keys on blue"), s3_client(blue.url, blue.account) as client:
            self.figures.on_blue = found = proofs.kept(self.journal, client)
        return found

    def count(self) -> Figures:
        """Sum the journals up; no client is at work any more."""
        attempts, figures = self.journal.attempts, self.figures
        figures.acknowledged = {side: self.acknowledged(side) for side in (BLUE, GREEN)}
        figures.held = sum(a.told is Told.HELD for a in attempts if a.op != "get")
        figures.pauses = proofs.pauses(attempts)
        figures.reads = sum(a.op == "get" for a in attempts)
        figures.failed_reads = len(proofs.failed_reads(attempts))
        figures.without_reads_s = proofs.longest_without_reads(attempts)
        return figures

    def acknowledged(self, side: str) -> int:
        """Return how many writes a side has acknowledged so far."""
        return sum(
            a.side == side and a.told is Told.DONE and a.op != "get"
            for a in list(self.journal.attempts)
        )


def _expected(steps: object) -> dict[str, float]:
    if not isinstance(steps, list):
        raise LabError("a plan without steps")
    return {one["state"]: one["expected_s"] for one in steps if one["expected_s"] is not None}
