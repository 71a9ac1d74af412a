"""A migrated bucket, a real blue gateway with a private writer, and green's lab front."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import Cutover, DirTarget, PosixSource, PrivateWriter, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, write
from core.cutover.risk import risk
from core.engine.engine import Engine
from core.model import JobKind, JobState
from tests.lab.gateway import Gateway
from tests.lab.green_front import Backend, GreenFront
from tests.lab.missing import LabError
from tests.lab.process import Keeper, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from botocore.client import BaseClient

    from core.cutover.risk import Risk
    from tests.lab.tools import Tools

BUCKET = "data"
MIB = 1 << 20
KNOBS = Knobs(workers=1, reverse_interval=0.2)
ACCESS, SECRET = "VGWM_TEST_ACCESS", "VGWM_TEST_SECRET"


@dataclass(frozen=True)
class Scene:
    """Where both sides lie. socket: the private writer's."""

    blue: Gateway
    green: GreenFront
    keeper: Keeper
    private: Server
    socket: Path
    workspace: Path
    target: Path
    undo: Path

    @contextmanager
    def clients(self) -> Iterator[tuple[BaseClient, BaseClient]]:
        """Give a client of blue and one of green."""
        with self.blue.client() as blue, self.green.client() as green:
            yield blue, green


def variables(scene: Scene) -> dict[str, str]:
    """Return the environment that an engine of the scene, and a writer of its own, need."""
    account = scene.blue.account
    own = {"ROOT_ACCESS_KEY": account.access, "ROOT_SECRET_KEY": account.secret}
    return {ACCESS: account.access, SECRET: account.secret, **own}


@contextmanager
def scene_at(
    folder: Path,
    tools: Tools,
    *,
    mode: str = "continuous",
    own: bool = False,
    sidecar: bool = False,
) -> Iterator[Scene]:
    """Make an empty blue and a workspace over it; green's front is not begun yet.

    own: the private writer is the engine's to begin.
    """
    program = tools.path("versitygw")
    # a unix socket's path has to be short
    with Keeper() as keeper, tempfile.TemporaryDirectory(prefix="pw-") as short:
        blue = Gateway("blue", program, folder / "blue", with_sidecar=sidecar)
        blue.start(keeper)
        socket = Path(short) / "s3.sock"
        private = Server(
            "private",
            [
                *(program, "--port", str(socket), "--socket-perm", "0600", "--quiet"),
                *("posix", "--versioning-dir", str(blue.versioning_dir)),
                *(("--sidecar", str(blue.sidecar)) if blue.sidecar else ()),
                str(blue.root),
            ],
            folder=folder / "private",
            environment={
                "ROOT_ACCESS_KEY": blue.account.access,
                "ROOT_SECRET_KEY": blue.account.secret,
            },
        )
        if not own:
            keeper.start(private)
            private.wait_for("its socket", socket.is_socket)
        target = folder / "out"
        green = GreenFront("green", folder / "green", Backend.folder(target), blue.account)
        scene = Scene(
            blue=blue,
            green=green,
            keeper=keeper,
            private=private,
            socket=socket,
            workspace=folder / "ws",
            target=target,
            undo=folder / "blue" / "reverse.undo",
        )
        scene.workspace.mkdir()
        write(scene.workspace / FILE_NAME, _settings(scene, mode, private.argv if own else []))
        yield scene


def _settings(scene: Scene, mode: str, argv: list[str]) -> Workspace:
    if mode not in {"continuous", "log", "off"}:
        raise LabError(mode)
    return Workspace(
        id="0a1b2c3d",
        source=PosixSource(
            path=scene.blue.root,
            versioning_dir=scene.blue.versioning_dir,
            sidecar=scene.blue.sidecar,
        ),
        target=DirTarget(path=scene.target),
        knobs=KNOBS,
        cutover=Cutover(
            reverse=mode,  # type: ignore[arg-type] # looked at above
            undo=scene.undo,
            private_writer=PrivateWriter(
                socket=scene.socket,
                argv=tuple(argv),
                access_key_ref=SecretRef.parse(f"env:{ACCESS}"),
                secret_ref=SecretRef.parse(f"env:{SECRET}"),
            ),
        ),
    )


def fill(client: BaseClient) -> None:
    """Make what blue holds before the migration."""
    client.create_bucket(Bucket=BUCKET)
    for number in range(12):
        client.put_object(Bucket=BUCKET, Key=f"old/{number:02d}", Body=b"blue %d" % number)
    client.put_object(
        Bucket=BUCKET,
        Key="old/rich",
        Body=b"rich",
        ContentType="text/plain",
        Metadata={"colour": "blue"},
        Tagging="team=ops",
    )


@asynccontextmanager
async def migrated(scene: Scene) -> AsyncIterator[Engine]:
    """Yield an engine that has copied everything, with green's front over what it made."""
    engine = await Engine.open(scene.workspace)
    try:
        for kind in (JobKind.PLAN, JobKind.COPY):
            await ended(engine, kind)
        scene.green.start(scene.keeper)
        yield engine
    finally:
        await engine.close()


async def ended(engine: Engine, kind: JobKind, **args: str) -> None:
    """Run a job to its end, which has to be a good one."""
    job = await engine.start_job(kind, args, "tester", "")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state is JobState.DONE, row.result


async def at_work(scene: Scene, engine: Engine) -> int:
    """Let green's writes count, and the reverse copy run; return its job."""
    assert scene.green.server.alive
    await engine.reverses.arm([])
    job = await engine.reverses.ensure("tester")
    assert job is not None
    return job


async def settled(engine: Engine, carried: int, uncarriable: int = 0) -> Risk:
    """Wait until so many changes were carried and no other waits; return the risk."""
    async with asyncio.timeout(30):
        while True:
            now = await risk(engine.ledger)
            left = now.writes + now.deletes - now.uncarriable
            if now.carried >= carried and not left and now.uncarriable == uncarriable:
                return now
            await asyncio.sleep(0.05)


async def waits(engine: Engine, job: int, words: str) -> None:
    """Wait until the job says that it waits for something."""
    async with asyncio.timeout(30):
        while True:
            reins = next(one for one in engine.jobs.reins() if one.id == job)
            if words in " ".join([reins.reason, *reins.waits.values()]):
                return
            await asyncio.sleep(0.05)


async def heard(engine: Engine, writes: int) -> None:
    """Wait until so many writes of green's are known and not on blue."""
    async with asyncio.timeout(30):
        while True:
            if (await risk(engine.ledger)).writes == writes:
                return
            await asyncio.sleep(0.05)
