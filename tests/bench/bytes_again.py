"""P10: bytes read again by `vgwm verify --full`, beside the least that reading them takes."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import DirTarget, IpfsTarget
from core.config.secret import SecretRef
from core.control.client import Client, job_of
from core.model import ENDED, JobState
from tests.bench.arena import BATCH_AGE_S, RF, Arena
from tests.bench.figures import Goal, Take, Unit
from tests.bench.ground import Ground, expect, table_cids, take_of
from tests.bench.local import WORKERS
from tests.bench.machine import Meter, Watched
from tests.bench.program import Program
from tests.bench.series import NotDone, run_series
from tests.bench.settings import KIB, MIB
from tests.bench.table import Section, section
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine, make_workspace
from tests.lab import tools as lab_tools
from tests.lab.missing import Missing
from tests.lab.process import Keeper
from tests.lab.stack import Shape, Stack

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire.verify import Bytes
    from tests.bench.series import Row
    from tests.bench.settings import Settings

VGWM: Final = "vgwm verify --full, its bytes"
HASH: Final = "read + sha256 of the CARs"
BLOCKS: Final = "read + sha256 of each block"
CAT: Final = "cat of each object"
SMALL: Final = 360_000
LARGE: Final = 256
STACK_SMALL: Final = 20_000
PASSES: Final = 4
"""Times that the CARs of large objects are read in a take."""

PROCESSES: Final = 2
CAT_PROCESSES: Final = 4
LEAST: Final = 0.7
PASSWORD: Final = "BENCH_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
_POLL_S: Final = 0.1


class Read(NamedTuple):
    """What verifications read, and for how long; the join and the lists are not in it."""

    objects: int
    seconds: float


async def verify_full(workspace: Path, passes: int) -> Read:
    """Run verifications one after the other. Raises NotDone if one finds anything."""
    objects, seconds = 0, 0.0
    async with Client(workspace) as client:
        for _ in range(passes):
            job = await client.start_job(
                "verify", {"full": "1", "scope": "recorded"}, actor="bench"
            )
            await _ended(client, job)
            told = (await client.proof(job)).bytes
            _require_sound(told)
            objects += told.n
            seconds += told.seconds
    return Read(objects, seconds)


async def _ended(client: Client, job: int) -> None:
    while True:
        found = job_of(await client.snapshot(), job)
        if found is not None and found.state in ENDED:
            if found.state != JobState.DONE:
                raise NotDone(f"verify is {found.state}: {found.reason}")
            return
        await asyncio.sleep(_POLL_S)


def _require_sound(told: Bytes) -> None:
    if not told.whole or told.bad or told.unread:
        raise NotDone(f"whole: {told.whole}, {told.bad:,} bad, {told.unread:,} unread")


class VerifyRow:
    """`vgwm verify --full` over what is copied. The copy is not in the clock."""

    name = VGWM

    def __init__(
        self, tree: Tree, keeper: Keeper, target: DirTarget | IpfsTarget, ground: Ground
    ) -> None:
        self.passes = 1
        self.workers = WORKERS
        self.secrets: dict[str, str] = {}
        self._tree = tree
        self._keeper = keeper
        self._target = target
        self._here = ground.fresh("verify")
        self._engine: VgwmEngine | None = None
        self._read = Read(0, 0.0)

    def prepare(self) -> None:
        if self._engine is None:
            make_workspace(self._here / "ws", self._tree.root, self._target, workers=self.workers)
            self._engine = VgwmEngine(self._here / "ws", self._keeper, self.secrets)
            self._engine.start()
            expect("objects copied", self._engine.migrate().objects, self._tree.objects)

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._engine.groups())
        self._read = asyncio.run(verify_full(self._engine.workspace, self.passes))
        cpu_s, foreign = meter.stop()
        return _take(self._tree, self.passes, self._read.seconds, cpu_s, foreign)

    def check(self) -> None:
        expect("objects read", self._read.objects, self.passes * self._tree.objects)

    def end(self) -> None:
        """Leave the engine for the next round; the keeper ends it."""


class BareRow:
    """Programs of `tests.bench.bare_bytes`, each with its share."""

    def __init__(self, name: str, tree: Tree, words: list[str], *, of: int, passes: int) -> None:
        self.name = name
        self._tree = tree
        self._words = words
        self._of = of
        self._passes = passes
        self._programs: list[Program] = []
        self._told: list[dict[str, float]] = []

    def prepare(self) -> None:
        last = [] if self._words[0] == "cat" else [str(self._passes)]
        self._programs = [
            Program("tests.bench.bare_bytes", *self._words, str(number), str(self._of), *last)
            for number in range(self._of)
        ]
        for program in self._programs:
            program.ready()

    def run(self) -> Take:
        meter = Meter({"workers": [Watched(program.pid) for program in self._programs]})
        began_s = time.monotonic()
        for program in self._programs:
            program.go()
        self._told = [program.result() for program in self._programs]
        seconds = time.monotonic() - began_s
        cpu_s, foreign = meter.stop()
        return _take(self._tree, self._passes, seconds, cpu_s, foreign)

    def check(self) -> None:
        least = self._passes * self._tree.total_bytes
        if sum(told["size_bytes"] for told in self._told) < least:
            raise NotDone("not all bytes were read")

    def end(self) -> None:
        for program in self._programs:
            program.close()
        self._programs = []


def run_bytes_again(settings: Settings) -> list[Section]:
    """Run P10; return its tables."""
    small = Tree(
        root=settings.folder / "again-small",
        objects=settings.count(SMALL),
        size_bytes=4 * KIB,
    )
    told = [_on_directory(settings, small, settings.folder / "again", "4 KiB")]
    if settings.tmpfs is not None:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, settings.tmpfs, ignore_errors=True)
            large = Tree(
                root=settings.tmpfs / "large", objects=settings.count(LARGE), size_bytes=8 * MIB
            )
            told.append(_on_directory(settings, large, settings.tmpfs / "again", "8 MiB"))
    told.append(_on_stack(settings))
    return told


def _on_directory(settings: Settings, tree: Tree, folder: Path, size: str) -> Section:
    tree.make()
    passes = PASSES if tree.size_bytes >= MIB else 1
    ground = Ground(folder, drops=False)
    target = DirTarget(path=ground.fresh("out"))
    bundles = str(target.path / "bundles")
    with Keeper() as keeper:
        ours = VerifyRow(tree, keeper, target, ground)
        ours.passes = passes
        rows: list[Row] = [
            ours,
            BareRow(HASH, tree, ["files", bundles], of=PROCESSES, passes=passes),
            BareRow(BLOCKS, tree, ["blocks", bundles], of=PROCESSES, passes=passes),
        ]
        found = run_series(f"bytes, dir: target, {size}", rows, settings)
    title = f"P10: bytes read again, dir: target, {tree.objects:,} x {size}"
    return section(title, VGWM, found, Unit.MEGABYTES, {HASH: Goal(LEAST)})


def _on_stack(settings: Settings) -> Section:
    tree = Tree(
        root=settings.folder / "again-stack",
        objects=settings.count(STACK_SMALL),
        size_bytes=4 * KIB,
    )
    title = f"P10: bytes read again, real stack, RF {RF}, {tree.objects:,} x 4 KiB"
    try:
        tools = lab_tools.find()
    except Missing as missing:
        return Section(f"{title}: left out, for want of {missing}", failed=True)
    tree.make()
    with ExitStack() as held:
        keeper = held.enter_context(Keeper())
        shape = Shape(batch_age=f"{BATCH_AGE_S:g}s", replication_max=RF)
        stack = held.enter_context(Stack.start(settings.folder / "stack-P10", tools, shape))
        ground = Ground(settings.folder / "P10", drops=False)
        arena = Arena(stack=stack, tools=tools, keeper=keeper, disk=ground, ready=ground)
        listed = ground.fresh("cids")
        rows: list[Row] = [
            StackVerifyRow(arena, tree, listed),
            BareRow(CAT, tree, ["cat", str(listed)], of=CAT_PROCESSES, passes=1),
        ]
        found = run_series("bytes, real stack", rows, settings)
    return section(title, VGWM, found, Unit.OBJECTS, {CAT: Goal(LEAST)})


class StackVerifyRow(VerifyRow):
    """The same on nodes; beside the copy it lists where each object can be fetched."""

    def __init__(self, arena: Arena, tree: Tree, listed: Path) -> None:
        self._arena = arena
        self._listed = listed
        stack = arena.stack
        self._table = arena.disk.fresh("objects")
        target = IpfsTarget(
            kubo=tuple(stack.kubo_urls),
            cluster=tuple(stack.cluster_urls),
            cluster_user=stack.user,
            cluster_password_ref=SecretRef.parse(f"env:{PASSWORD}"),
            replication=RF,
            table=f"sqlite:{self._table}",
        )
        super().__init__(tree, arena.keeper, target, arena.disk)
        self.workers = CAT_PROCESSES
        self.secrets = {PASSWORD: stack.password}

    def prepare(self) -> None:
        super().prepare()
        if self._listed.exists():
            return
        urls = {peer.id: peer.kubo.url for peer in self._arena.stack.peers}
        allocated = self._arena.stack.peers[0].allocations()
        lines = []
        for first in range(0, self._tree.objects, 500):
            last = min(first + 500, self._tree.objects)
            named = table_cids(self._table, [self._tree.key(i) for i in range(first, last)])
            for number, (cid, root) in enumerate(named.values()):
                peers = allocated[root]
                lines.append(f"{urls[peers[number % len(peers)]]} {cid}")
        self._listed.write_text("\n".join(lines))


def _take(tree: Tree, passes: int, seconds: float, cpu_s: dict[str, float], foreign: float) -> Take:
    one = take_of(tree, seconds, cpu_s, foreign)
    return Take(
        objects=passes * one.objects,
        size_bytes=passes * one.size_bytes,
        seconds=seconds,
        cpu_s=cpu_s,
        foreign=foreign,
    )
