"""What a rehearsal stands on: both sides, load balancers before them, objects, a workspace."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import yaml

from core.config.workspace import load
from core.cutover import bind_fence
from tests.lab.gateway import Gateway, own_mounts, s3_client
from tests.lab.green_front import Backend, GreenFront
from tests.lab.haproxy import Haproxy
from tests.lab.process import Keeper
from tests.lab.stack import Shape, Stack
from tests.lab.vgwm import Vgwm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.config.schema import Workspace
    from tests.lab.tools import Tools

BIND: Final = Path(bind_fence.__file__)
BUCKETS: Final = ("photos", "papers")
FIXED: Final = 120
"""Objects in each bucket that nobody writes to: what the readers read."""

BALANCERS: Final = 2
PASSWORD: Final = "LAB_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
ACCESS, SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Everything runs. fixed: SHA-256 of the objects that stand still."""

    blue: Gateway
    front: GreenFront
    stack: Stack
    balancers: tuple[Haproxy, ...]
    vgwm: Vgwm
    fixed: Mapping[tuple[str, str], str]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where clients come in."""
        return tuple(one.url for one in self.balancers)

    def settings(self) -> Workspace:
        """Return vgwm.yaml as it is."""
        return load(self.vgwm.workspace / "vgwm.yaml")


@contextmanager
def ground(
    root: Path, tools: Tools, *, stack: Stack | None = None, forked: bool = True
) -> Iterator[Ground]:
    """Start it all; end what was started here. stack: one that runs already.

    forked: commands are forks of a process that has loaded `vgwm`, not the installed script.
    root: short, for sockets lie below it.
    """
    with ExitStack() as ends:
        if stack is None:
            stack = ends.enter_context(Stack.start(root / "stack", tools, Shape()))
        keeper = ends.enter_context(Keeper())
        program = tools.path("versitygw")
        iam = _accounts(root / "iam")
        blue = Gateway("blue", program, root / "blue", with_sidecar=False, iam_dir=iam)
        blue.prefix = own_mounts()
        blue.start(keeper)
        table = root / "objects.db"
        front = GreenFront("green", root / "green", Backend.of(stack, table), blue.account)
        front.start(keeper)
        balancers = tuple(
            Haproxy(f"lb-{n}", root / f"lb{n}", blue=_address(blue.url), green=_address(front.url))
            for n in range(1, BALANCERS + 1)
        )
        for one in balancers:
            one.start(keeper)
            one.wait_until_up("blue_w")
        fixed = _fill(blue)
        variables = {
            PASSWORD: stack.password,
            ACCESS: blue.account.access,
            SECRET: blue.account.secret,
            "ROOT_ACCESS_KEY": blue.account.access,
            "ROOT_SECRET_KEY": blue.account.secret,
        }
        vgwm = ends.enter_context(Vgwm(root / "ws", variables, forked=forked))
        made = Ground(
            blue=blue, front=front, stack=stack, balancers=balancers, vgwm=vgwm, fixed=fixed
        )
        _workspace(made, table, Path(program))
        yield made


def _fill(blue: Gateway) -> dict[tuple[str, str], str]:
    """Put the objects that nobody will change, and return their SHA-256."""
    fixed: dict[tuple[str, str], str] = {}
    with s3_client(blue.url, blue.account) as client:
        for bucket in BUCKETS:
            client.create_bucket(Bucket=bucket)
            for n in range(FIXED):
                key = f"fixed/{n % 7}/{n:04}"
                body = hashlib.shake_128(f"{bucket}{key}".encode()).digest(
                    1_500_000 if n == 0 else n * 97
                )
                client.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"n": str(n)})
                fixed[bucket, key] = hashlib.sha256(body).hexdigest()
    return fixed


def _accounts(folder: Path) -> Path:
    """Make a folder of accounts with one in it, as a gateway keeps them."""
    folder.mkdir()
    account = {
        "access": "LABUSER",
        "secret": secrets.token_hex(16),
        "role": "user",
        "userID": 1001,
        "groupID": 1001,
        "projectID": 0,
    }
    path = folder / "users.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"accessAccounts": {account["access"]: account}}))
    return folder


def _configuration(gateway: Gateway, path: Path) -> Path:
    """Write blue's environment file, as its unit would name it."""
    path.touch(mode=0o600)
    path.write_text(
        "VGW_BACKEND=posix\n"
        f"VGW_BACKEND_ARG={gateway.root}\n"
        f"VGW_PORT={_address(gateway.url)}\n"
        f"VGW_VERSIONING_DIR={gateway.versioning_dir}\n"
        f"VGW_IAM_DIR={gateway.iam_dir}\n"
        f"ROOT_ACCESS_KEY_ID={gateway.account.access}\n"
        f"ROOT_SECRET_ACCESS_KEY={gateway.account.secret}\n"
    )
    return path


def _workspace(made: Ground, table: Path, program: Path) -> None:
    """Make the workspace, and tell it of gateways and load balancers."""
    blue, stack, vgwm = made.blue, made.stack, made.vgwm
    words = ["--source", f"posix:{blue.root}", "--versioning-dir", str(blue.versioning_dir)]
    words += ["--target", "ipfs", "--replication", "2", "--table", f"sqlite:{table}"]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    vgwm.run("init", *words)
    path = vgwm.workspace / "vgwm.yaml"
    told = yaml.safe_load(path.read_text())
    told["gateways"] = [_blue(blue), _green(made.front)]
    told["traffic"] = {"haproxy": [yaml.safe_load(one.entry) for one in made.balancers]}
    config = _configuration(blue, table.parent / "versitygw.env")
    told["cutover"] = {
        "private_writer": _private(blue, table.parent / "pw.sock"),
        "blue": {"config": [str(config)], "iam": str(blue.iam_dir), "binary": str(program)},
    }
    path.write_text(yaml.safe_dump(told, sort_keys=False))
    vgwm.run("config", "backup", str(config), "--iam", str(blue.iam_dir))


def _blue(gateway: Gateway) -> dict[str, object]:
    pid_file = gateway.root.parent / "pid"
    pid_file.write_text(str(gateway.server.pid))
    folders = [gateway.root, gateway.versioning_dir]
    tail = ["--pid-file", str(pid_file)]
    tail += [word for folder in folders for word in ("--folder", str(folder))]
    return {
        "name": "blue-1",
        "side": "blue",
        "address": gateway.url,
        **{op: [sys.executable, "-I", str(BIND), op, *tail] for op in ("fence", "open", "state")},
    }


def _private(gateway: Gateway, socket: Path) -> dict[str, object]:
    """A gateway of blue's that no client reaches; its keys come with the engine's environment."""
    return {
        "socket": str(socket),
        "argv": gateway.words_at(str(socket)),
        "access_key_ref": f"env:{ACCESS}",
        "secret_ref": f"env:{SECRET}",
    }


def _green(front: GreenFront) -> dict[str, object]:
    return {
        "name": "green-1",
        "side": "green",
        "address": front.url,
        **{op: front.words(op) for op in ("fence", "open", "state")},
    }


def _address(url: str) -> str:
    return urlsplit(url).netloc
