"""Fixtures of real servers, shared by the session, and the summary of what they could not prove.

`VGWM_REAL=require` turns a missing program into a failure, `VGWM_REAL=off` skips every test here.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import NOT_TESTED
from tests.lab import tools as lab_tools
from tests.lab.gateway import Gateway
from tests.lab.missing import Missing
from tests.lab.process import Keeper
from tests.lab.redis import RedisCluster
from tests.lab.rehearsal.ground import ground
from tests.lab.stack import Shape, Stack
from tests.lab.tree.grow import GatewayTree, grow
from tests.real.balancer_pair import paired
from tests.tui.terminal import environment
from tests.tui.tmux import Tmux

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.rehearsal.ground import Ground
    from tests.lab.tools import Tools
    from tests.real.balancer_pair import Pair

HERE = Path(__file__).parent
LIMIT_S = 120
LOG_BYTES = 4_000
"""Of an engine's log, shown with a test that fails."""
SHARED = pytest.StashKey[Stack]()
SHARED_REDIS = pytest.StashKey[RedisCluster]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    del config
    for item in items:
        if HERE not in item.path.parents:
            continue
        own = item.get_closest_marker("timeout")
        limit_s = own.args[0] if own is not None else LIMIT_S
        # The first test's setup builds the programs: minutes, with limits of their own.
        item.add_marker(pytest.mark.timeout(limit_s, func_only=True), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Turn a missing program into a loud skip that says what it leaves unproved, or a failure."""
    if os.environ.get("VGWM_REAL") == "off":
        _note(item, "VGWM_REAL not off")
        pytest.skip("VGWM_REAL=off")
    try:
        yield
    except Missing as missing:
        _note(item, missing.needs)
        if os.environ.get("VGWM_REAL") == "require" and not missing.optional:
            raise
        pytest.skip(str(missing))


def _note(item: pytest.Item, needs: str) -> None:
    title = (getattr(item, "module", None).__doc__ or item.nodeid).splitlines()[0].rstrip(".")
    item.user_properties.append((NOT_TESTED, f"{needs}\n{title}"))


@pytest.fixture(scope="session")
def tools() -> Tools:
    return lab_tools.find()


@pytest.fixture(scope="session")
def lab_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The one root of every server; removed at the end, but for the logs of a failed run."""
    root = tmp_path_factory.mktemp("lab")
    yield root
    if request.session.testsfailed:
        keep_logs(root)
    else:
        shutil.rmtree(root)


def keep_logs(root: Path) -> None:
    """Remove all but the logs."""
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_symlink() or (path.is_file() and path.suffix != ".log"):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


@pytest.fixture(scope="session")
def make_stack(tools: Tools, lab_folder: Path) -> Iterator[Callable[[Shape], Stack]]:
    """Start a stack of a shape of one's own; it ends with the session, or by its `close()`."""
    with ExitStack() as stacks:

        def make(shape: Shape) -> Stack:
            root = Path(tempfile.mkdtemp(prefix="stack-", dir=lab_folder))
            return stacks.enter_context(Stack.start(root, tools, shape))

        yield make


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, make_stack: Callable[[Shape], Stack]) -> Stack:
    """The shared stack: three nodes, batch age 200 ms. A test may hurt it: see `_healed`."""
    made = make_stack(Shape())
    request.config.stash[SHARED] = made
    return made


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    """Where a test starts servers that live to the end of the session."""
    with Keeper() as kept:
        yield kept


@pytest.fixture(scope="session")
def grown(tools: Tools, lab_folder: Path, keeper: Keeper) -> Callable[[str], GatewayTree]:
    """Make a mode's tree once, whatever the order in which tests ask for it."""

    @cache
    def make(mode: str) -> GatewayTree:
        gateway = Gateway(
            f"gateway-{mode}",
            tools.path("versitygw"),
            lab_folder / mode,
            with_sidecar=mode == "sidecar",
        )
        gateway.start(keeper)
        return GatewayTree(gateway, grow(gateway))

    return make


@pytest.fixture(scope="session", params=["xattr", "sidecar"])
def gateway_tree(
    request: pytest.FixtureRequest, grown: Callable[[str], GatewayTree]
) -> GatewayTree:
    """A tree of every kind of object in this metadata mode; read-only for tests."""
    return grown(str(request.param))


@pytest.fixture(scope="session")
def redis(request: pytest.FixtureRequest, lab_folder: Path, keeper: Keeper) -> RedisCluster:
    cluster = RedisCluster(lab_folder)
    cluster.start(keeper)
    request.config.stash[SHARED_REDIS] = cluster
    return cluster


@pytest.fixture(autouse=True, scope="module")
def _emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no key to the next file: a check counts those that name no row."""
    yield
    shared = request.config.stash.get(SHARED_REDIS, None)
    if shared is not None:
        for server in shared.servers:
            server.ask("flushall")


@pytest.fixture(autouse=True)
def _healed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    shared = request.config.stash.get(SHARED, None)
    if shared is not None:
        shared.heal()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: sockets lie below it."""
    folder = Path(tempfile.mkdtemp(prefix="vgwm-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def lab(tools: Tools, stack: Stack, short: Path) -> Iterator[Ground]:
    """All that a cutover needs, on loopback."""
    with ground(short, tools, stack=stack) as made:
        yield made


@pytest.fixture
def tmux(short: Path) -> Iterator[Tmux]:
    """Screens of the operator who steers in the story, too."""
    server = Tmux(short, environment(short, TERM="screen-256color", VGWM_ACTOR="lab"))
    yield server
    server.kill()
    sys.stdout.write((short / "ws" / "engine.log").read_text()[-LOG_BYTES:])


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with paired(tmp_path) as made:
        yield made
