"""P13: an S3 endpoint as the source: bodies through the whole build, and the plan's listing."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import DirTarget, S3Source, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, new_id, write
from tests.bench.figures import Goal, Take, Unit
from tests.bench.ground import Ground, expect
from tests.bench.local import WORKERS
from tests.bench.machine import Meter, Watched
from tests.bench.program import Program
from tests.bench.s3_reads import ACCESS, REGION, SECRET
from tests.bench.series import run_series
from tests.bench.settings import KIB
from tests.bench.table import Section, section
from tests.bench.tree import Tree
from tests.bench.vgwm_engine import VgwmEngine
from tests.lab import ports, tools
from tests.lab.gateway import Gateway
from tests.lab.missing import LabError, Missing
from tests.lab.process import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.series import Row
    from tests.bench.settings import Settings

SMALL, REAL, LISTED = 60_000, 30_000, 100_000
SIZE_BYTES = 4 * KIB
SERVERS = 2
BUILD, LANE, BARE = "vgwm, sink that discards", "its lane alone", "bare GET loop"
PLAN, LIST = "vgwm plan", "bare ListObjectsV2 loop"


class Place:
    """An endpoint with `objects` objects of SIZE_BYTES."""

    def __init__(self, url: str, objects: int) -> None:
        self.url = url
        self.objects = objects

    def take(self, seconds: float, cpu_s: dict[str, float], foreign: float) -> Take:
        """Return the take of a row that read all of it."""
        return Take(
            objects=self.objects,
            size_bytes=self.objects * SIZE_BYTES,
            seconds=seconds,
            cpu_s=cpu_s,
            foreign=foreign,
        )

    def workspace(self, folder: Path, out: Path, *, workers: int) -> None:
        """Write a workspace whose source it is."""
        folder.mkdir(parents=True)
        source = S3Source(
            endpoint=self.url,
            region=REGION,
            access_key_ref=SecretRef.parse(f"env:{ACCESS}"),
            secret_ref=SecretRef.parse(f"env:{SECRET}"),
        )
        target = DirTarget(path=out)
        knobs = Knobs(workers=workers)
        write(
            folder / FILE_NAME,
            Workspace(id=new_id(), source=source, target=target, knobs=knobs),
        )


class ReadsRow:
    """Programs that read, and do nothing else: see `tests.bench.s3_reads`."""

    def __init__(self, name: str, kind: str, place: Place, *, processes: int) -> None:
        self.name = name
        self._kind = kind
        self._place = place
        self._processes = processes
        self._programs: list[Program] = []
        self._told: list[dict[str, float]] = []

    def prepare(self) -> None:
        place, of = self._place, self._processes
        self._programs = [
            Program(
                "tests.bench.s3_reads",
                self._kind,
                place.url,
                *map(str, (number, of, place.objects, SIZE_BYTES)),
            )
            for number in range(of)
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
        return self._place.take(seconds, *meter.stop())

    def check(self) -> None:
        expect("objects", sum(told["objects"] for told in self._told), self._place.objects)
        if self._kind != "list":
            came = sum(told["size_bytes"] for told in self._told)
            expect("bytes", came, self._place.objects * SIZE_BYTES)

    def end(self) -> None:
        for program in self._programs:
            program.close()
        self._programs = []


class BuildRow:
    """Plan, lane and build, to a sink, a placement and a table that keep nothing."""

    name = BUILD

    def __init__(self, place: Place, ground: Ground, *, workers: int) -> None:
        self._place = place
        self._ground = ground
        self._workers = workers
        self._program: Program | None = None
        self._told: dict[str, float] = {}

    def prepare(self) -> None:
        here = self._ground.fresh("build")
        self._place.workspace(here / "ws", here / "out", workers=self._workers)
        self._program = Program("tests.bench.carry", str(here / "ws"), "no-ledger", "discard")
        self._program.ready()

    def run(self) -> Take:
        assert self._program is not None
        pid = self._program.pid
        groups = {
            "workers": [Watched(pid, alone=False)],
            "engine": [Watched(pid, children=False)],
        }
        meter = Meter(groups)
        self._program.go()
        self._told = self._program.result()
        return self._place.take(self._told["seconds"], *meter.stop())

    def check(self) -> None:
        expect("objects carried", self._told["objects"], self._place.objects)

    def end(self) -> None:
        if self._program is not None:
            self._program.close()
            self._program = None


class PlanRow:
    """`vgwm plan`, from its start to the stored plan."""

    name = PLAN

    def __init__(self, place: Place, ground: Ground, keeper: Keeper, *, workers: int) -> None:
        self._place = place
        self._ground = ground
        self._keeper = keeper
        self._workers = workers
        self._engine: VgwmEngine | None = None
        self._planned = 0

    def prepare(self) -> None:
        here = self._ground.fresh("s3-plan")
        self._place.workspace(here / "ws", here / "out", workers=self._workers)
        keys = {name: os.environ[name] for name in (ACCESS, SECRET)}
        self._engine = VgwmEngine(here / "ws", self._keeper, keys)
        self._engine.start()

    def run(self) -> Take:
        assert self._engine is not None
        meter = Meter(self._engine.groups())
        ran = self._engine.plan()
        self._planned = ran.objects
        return self._place.take(ran.seconds, *meter.stop())

    def check(self) -> None:
        expect("planned objects", self._planned, self._place.objects)

    def end(self) -> None:
        if self._engine is not None:
            self._engine.stop()


def run_from_s3(settings: Settings) -> list[Section]:
    """Run P13; return its tables."""
    ground = Ground(settings.folder / "from-s3", drops=False)
    told = [against_static(settings, ground)]
    with Keeper() as keeper:
        try:
            told += _against_gateway(settings, ground, keeper)
        except (Missing, LabError) as error:
            told.append(Section(f"P13 against VersityGW: left out, {error}"))
    return told


def against_static(settings: Settings, ground: Ground) -> Section:
    """Run the rows that need no gateway; return their table."""
    objects = settings.count(SMALL, least=2_000)
    workers = settings.workers or WORKERS
    with ExitStack() as stack, _keys("AKSTATIC", "static-secret-of-the-bench"):
        [port] = ports.free(1)
        for _ in range(SERVERS):
            words = map(str, (port, objects, SIZE_BYTES))
            server = stack.enter_context(Program("tests.bench.s3_static", *words))
            server.ready()
        place = Place(f"http://127.0.0.1:{port}", objects)
        rows: list[Row] = [
            BuildRow(place, ground, workers=workers),
            ReadsRow(LANE, "lane", place, processes=workers),
            ReadsRow(BARE, "bare", place, processes=workers),
        ]
        found = run_series("static S3", rows, settings)
    title = f"P13: S3 source, a static server of {SERVERS} processes, {objects:,} x 4 KiB"
    return section(title, BUILD, found, Unit.OBJECTS, {BUILD: Goal(13_000, 15_000)})


def _against_gateway(settings: Settings, ground: Ground, keeper: Keeper) -> Iterator[Section]:
    workers = settings.workers or WORKERS
    program = tools.find().path("versitygw")
    gateway = Gateway("gateway-bench", program, ground.fresh("gateway"), with_sidecar=False)
    gateway.start(keeper)
    account = gateway.account
    with _keys(account.access, account.secret):
        tree = Tree(
            root=gateway.root, objects=settings.count(LISTED, least=2_000), size_bytes=SIZE_BYTES
        )
        tree.make()
        part = Place(gateway.url, settings.count(REAL, least=2_000))
        rows: list[Row] = [
            ReadsRow(LANE, "lane", part, processes=workers),
            ReadsRow(BARE, "bare", part, processes=workers),
        ]
        found = run_series("S3 bodies", rows, settings)
        title = f"P13: S3 source, VersityGW, {part.objects:,} x 4 KiB"
        yield section(title, LANE, found, Unit.OBJECTS, {BARE: Goal(0.9)})
        whole = Place(gateway.url, tree.objects)
        rows = [
            PlanRow(whole, ground, keeper, workers=workers),
            ReadsRow(LIST, "list", whole, processes=1),
        ]
        found = run_series("S3 plan", rows, settings)
        title = f"P13: plan, S3, VersityGW, {whole.objects:,} objects"
        yield section(title, PLAN, found, Unit.ENTRIES, {LIST: Goal(0.8, 0.95)})
        build: list[Row] = [
            BuildRow(whole, ground, workers=workers),
            ReadsRow(BARE, "bare", whole, processes=workers),
        ]
        found = run_series("S3 build", build, settings)
        title = f"P13: S3 source, VersityGW, through the build, {whole.objects:,} x 4 KiB"
        yield section(title, BUILD, found, Unit.OBJECTS, {})


@contextmanager
def _keys(access: str, secret: str) -> Iterator[None]:
    """Give programs the endpoint's keys by their environment, while the block runs."""
    os.environ |= {ACCESS: access, SECRET: secret}
    try:
        yield
    finally:
        for name in (ACCESS, SECRET):
            del os.environ[name]
