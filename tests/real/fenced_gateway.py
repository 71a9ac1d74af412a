"""A real VersityGW in a mount namespace of its own, that read-only bind mounts fence."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.schema import Gateway as Named
from core.cutover import bind_fence
from core.cutover.fence import door_of
from core.cutover.gateway_command import CommandGateway
from core.source.posix.config import PosixConfig
from tests.lab.gateway import Gateway
from tests.lab.missing import Missing

if TYPE_CHECKING:
    from core.cutover.door import Door
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

FENCE = Path(bind_fence.__file__)


def program_of_its_own_mounts(versitygw: str, folder: Path) -> str:
    """Return a program that is the gateway in a mount namespace that leaks nothing."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None or shutil.which("nsenter") is None:
        raise Missing("mount namespaces", needs="root, unshare and nsenter")
    script = folder / "gateway.sh"
    script.write_text(f'#!/bin/sh\nexec {unshare} -m --propagation private {versitygw} "$@"\n')
    script.chmod(0o700)
    return str(script)


class Fenced:
    """A running gateway, and the commands that fence it."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder
        self.pid_file = folder / "gateway.pid"
        self.pid_file.write_text(str(gateway.server.pid))
        self.tree = PosixConfig(
            root=gateway.root, versioning_dir=gateway.versioning_dir, sidecar=gateway.sidecar
        )

    @property
    def words(self) -> dict[str, list[str]]:
        """The argv of each command, as vgwm.yaml names them."""
        folders = [word for top in self.tree.folders() for word in ("--folder", str(top))]
        return {
            op: [sys.executable, str(FENCE), op, "--pid-file", str(self.pid_file), *folders]
            for op in ("fence", "open", "state")
        }

    @property
    def commanded(self) -> CommandGateway:
        words = {op: tuple(argv) for op, argv in self.words.items()}
        return CommandGateway(
            Named(
                name="blue-1",
                side="blue",
                address=self.gateway.url,
                fence=words["fence"],
                open=words["open"],
                state=words["state"],
            )
        )

    @property
    def door(self) -> Door:
        return door_of(self.commanded)


def start(keeper: Keeper, tools: Tools, folder: Path, *, with_sidecar: bool = False) -> Fenced:
    folder.mkdir(parents=True, exist_ok=True)
    program = program_of_its_own_mounts(tools.path("versitygw"), folder)
    gateway = Gateway(f"fenced-{folder.name}", program, folder, with_sidecar=with_sidecar)
    gateway.start(keeper)
    return Fenced(gateway, folder)
