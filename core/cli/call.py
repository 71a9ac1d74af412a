"""What every command has in common: `-w`, `--json`, `--plain`, `--actor`, and where they lead.

A command's module imports click and this; whatever it needs to run is imported inside it, so that
help and completion answer at once.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG_NAME = "vgwm.yaml"
SCREENS = "vgwm.screens"
"""Where a context keeps how a replay is opened on screens; not there without a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options that stand before a command; a command's own go before them."""

    workspace: Path | None = None
    as_json: bool = False
    plain: bool = False
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of one command."""

    command: str
    folder: Path | None
    as_json: bool
    plain: bool
    actor: str
    takeover: str = ""

    @property
    def workspace(self) -> Path:
        """The workspace's folder, absolute. Raises BadInput if it holds no vgwm.yaml."""
        folder = self.folder or Path.cwd()
        # os.path: pathlib raises for a name that is too long, or a folder that may not be entered
        if not os.path.isfile(folder / CONFIG_NAME):  # noqa: PTH113
            raise BadInput(
                what="this is no workspace: it holds no vgwm.yaml",
                where=_shown(folder),
                remedy="Name one with -w DIR or VGWM_WORKSPACE, or make it with: vgwm init -w DIR",
            )
        return folder.absolute()


def conventions(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the common options; it receives them as a Call, its first argument."""

    @click.option(
        "-w",
        "--workspace",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The workspace; else VGWM_WORKSPACE, else the current folder.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer as JSON on stdout.")
    @click.option("--plain", is_flag=True, help="Plain lines: no colour, no cursor moves.")
    @click.option("--actor", metavar="NAME", help="Who acts; else SUDO_USER, else the login.")
    @functools.wraps(function)
    def wrapped(
        *,
        workspace: Path | None,
        as_json: bool,
        plain: bool,
        actor: str | None,
        **rest: object,
    ) -> int:
        context = click.get_current_context()
        before = context.find_object(Given) or Given()
        call = Call(
            command=context.command_path.partition(" ")[2],
            folder=workspace or before.workspace or _from_environment(),
            as_json=as_json or before.as_json,
            plain=plain or before.plain,
            actor=actor or before.actor or _login(),
        )
        # For a command inside this one: `vgwm plan -w DIR show`.
        context.obj = Given(
            workspace=call.folder, as_json=call.as_json, plain=call.plain, actor=call.actor
        )
        return function(call, **rest)

    return wrapped


def steers(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command that acts on the engine `--takeover`; stands below `conventions`."""

    @click.option(
        "--takeover",
        default="",
        metavar="REASON",
        help="Act although another operator holds the lease; an event says why.",
    )
    @functools.wraps(function)
    def wrapped(call: Call, *, takeover: str, **rest: object) -> int:
        return function(replace(call, takeover=takeover), **rest)

    return wrapped


def _from_environment() -> Path | None:
    named = os.environ.get("VGWM_WORKSPACE")
    return Path(named) if named else None


def _login() -> str:
    """Return who is behind this process: sudo's caller, else the login, else the uid's name."""
    asked = os.environ.get("VGWM_ACTOR") or os.environ.get("SUDO_USER")
    if asked:
        return asked
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's uid has no name
        return f"uid {os.getuid()}"


def _shown(path: Path) -> str:
    from core.display import safe

    return safe(os.fsencode(path.absolute()))
