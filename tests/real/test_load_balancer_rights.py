"""A load balancer that we may not steer: its socket is not ours, its map cannot be replaced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.haproxy import Haproxy
from tests.lab.missing import Missing
from tests.lab.process import Keeper
from tests.lab.sides import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "65534"
ROOT = Path(__file__).parents[2]
CHILD = [sys.executable, "-m", "tests.lab.cutover_child"]


class Ground(NamedTuple):
    """A folder that every user can enter, and two load balancers in it."""

    folder: Path
    lbs: tuple[Haproxy, Haproxy]

    def workspace(self) -> str:
        path = self.folder / "vgwm.yaml"
        entries = ", ".join(lb.entry for lb in self.lbs)
        path.write_text(
            'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'
            f"target: {{type: dir, path: /out}}\ntraffic: {{haproxy: [{entries}]}}\n"
        )
        return str(path)


@pytest.fixture
def ground() -> Iterator[Ground]:
    if os.getuid() != 0:
        raise Missing("another user and mounts of its own", needs="root")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vgwm-lb-")))
        folder.chmod(0o755)
        side = stack.enter_context(StandIn("blue"))
        keeper = stack.enter_context(Keeper())
        one, two = (
            Haproxy(f"lb-{i}", folder / str(i), blue=side.address, green=side.address)
            for i in (1, 2)
        )
        for lb in (one, two):
            lb.start(keeper)
        yield Ground(folder, (one, two))


class Told(NamedTuple):
    """What the child said."""

    ready: list[list[str]]
    outcome: str
    troubles: list[list[str]]


def child(argv: list[str]) -> Told:
    done = subprocess.run(  # noqa: S603 - our own program
        argv,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Told(**json.loads(done.stdout))


def test_a_socket_that_another_user_may_not_open_is_named_and_nothing_is_done(
    ground: Ground,
) -> None:
    told = child([*CHILD, ground.workspace(), NOBODY])
    whys = [why for name, why in told.ready if name == "lb-1"]
    assert any("the admin socket of lb-1 may not be opened" in why for why in whys), whys
    assert any("the folder of the map may not be written" in why for why in whys), whys
    assert (told.outcome, len(told.troubles)) == ("refused", 2)
    assert [lb.map.read_text() for lb in ground.lbs] == ["/ blue\n", "/ blue\n"]


def test_a_map_on_a_read_only_mount_takes_the_other_back(ground: Ground) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        raise Missing("unshare", needs="util-linux")
    folder = ground.lbs[1].folder
    mounts = f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}"'
    told = child(
        [unshare, "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", *CHILD, ground.workspace()]
    )
    assert [name for name, _ in told.ready] == ["lb-2"], told.ready
    assert (told.outcome, told.troubles[0][0]) == ("undone", "lb-2")
    assert "Read-only file system" in told.troubles[0][1]
    assert [lb.met("photos") for lb in ground.lbs] == ["blue", "blue"]
    assert ground.lbs[1].map.read_text() == "/ blue\n"
