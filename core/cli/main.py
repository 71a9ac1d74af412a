"""The root command, and the one border where this process's errors become exit codes.

0 passed, 1 found something, 2 bad input, 3 wrong state, 4 unknown, 5 refused, 6 denied,
7 integrity, 70 a fault of ours, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

import click

from core.cli.call import SCREENS, Given
from core.errors import BadInput, VgwmError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from core.control.flight.replaying import ReplayClient

    # Opens the terminal application and returns its exit code.
    OpenApp = Callable[["AppGiven"], int]

# In the order in which an operator needs them; name -> module and attribute.
_COMMANDS = {
    "init": "core.cli.init:init",
    "engine": "core.cli.engine:engine",
    "config": "core.cli.config:config",
    "iam": "core.cli.iam:iam",
    "target": "core.cli.target:target",
    "clients": "core.cli.clients:clients",
    "health": "core.cli.health:health",
    "check": "core.cli.check:check",
    "assess": "core.cli.assess:assess",
    "plan": "core.cli.plan:plan",
    "copy": "core.cli.copy:copy",
    "status": "core.cli.status:status",
    "watch": "core.cli.watch:watch",
    "verify": "core.cli.verify:verify",
    "missing": "core.cli.missing:missing",
    "errors": "core.cli.errors:errors",
    "retry": "core.cli.retry:retry",
    "skip": "core.cli.skip:skip",
    "sync": "core.cli.sync:sync",
    "cutover": "core.cli.cutover:cutover",
    "rollback": "core.cli.rollback:rollback",
    "metadata": "core.cli.metadata:metadata",
    "report": "core.cli.report:report",
    "jobs": "core.cli.jobs:jobs",
    "pause": "core.cli.jobs:pause",
    "resume": "core.cli.jobs:resume",
    "cancel": "core.cli.jobs:cancel",
    "set": "core.cli.knobs:set_knobs",
    "replay": "core.cli.replay:replay",
    "diagnose": "core.cli.diagnose:diagnose",
    "guide": "core.cli.guide:guide",
    "completion": "core.cli.completion:completion",
}

FAULT = 70
INTERRUPTED = 130
_BROKEN_PIPE = 141  # as a shell shows a program that SIGPIPE ended


class LazyCommands(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of work, not of the alphabet."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one command."""
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of one that there is not, name what it is close to."""
        from difflib import get_close_matches

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], _COMMANDS, n=2)
            if not near:
                raise
            meant = " or ".join(map(repr, near))
            raise click.UsageError(f"{error.message} Did you mean {meant}?", ctx=ctx) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGiven:
    """What the command line says of the terminal application. None, "" and "auto": not said.

    replay: the recording that it is to show in place of an engine.
    """

    workspace: Path | None
    low_data: bool | None
    theme: str
    glyphs: Literal["auto", "ascii", "unicode"]
    mouse: bool
    actor: str = ""
    replay: ReplayClient | None = None


class RootGiven(TypedDict):
    """The options that stand before a command, as click hands them over."""

    workspace: Path | None
    as_json: bool
    plain: bool
    actor: str | None
    low_data: bool | None
    theme: str
    glyphs: Literal["ascii", "unicode"] | None
    mouse: bool


@click.group(cls=LazyCommands, invoke_without_command=True)
@click.version_option(message="vgwm %(version)s", package_name="vgwm")
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
@click.option("--low-data/--full-data", default=None, help="Screens: at most 2 KB/s, or all.")
@click.option("--theme", default="", metavar="NAME", help="Screens: colours; else VGWM_THEME.")
@click.option("--ascii", "glyphs", flag_value="ascii", help="Screens: no character beyond ASCII.")
@click.option("--unicode", "glyphs", flag_value="unicode", help="Screens: bars and graphs.")
@click.option("--mouse", is_flag=True, help="Screens: take the mouse from the terminal.")
@click.pass_context
def root(ctx: click.Context, **given: Unpack[RootGiven]) -> int:
    """Move a VersityGW deployment to IPFS-Cluster, and back.

    Without a command it opens the terminal application. With --plain it prints what that would
    show, line by line; with --json the state, once.
    """
    if given["theme"]:
        from core.cli.theme import check

        check(given["theme"])
    open_app: OpenApp | None = ctx.obj
    ctx.obj = Given(
        workspace=given["workspace"],
        as_json=given["as_json"],
        plain=given["plain"],
        actor=given["actor"],
    )
    app = AppGiven(
        workspace=given["workspace"],
        low_data=given["low_data"],
        theme=given["theme"],
        glyphs=given["glyphs"] or "auto",
        mouse=given["mouse"],
        actor=given["actor"] or "",
    )
    a_terminal = open_app is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if ctx.invoked_subcommand is not None:
        if open_app is not None and a_terminal and os.environ.get("TERM") != "dumb":
            ctx.meta[SCREENS] = lambda replay: open_app(replace(app, replay=replay))
        return 0
    if given["plain"] or given["as_json"] or (a_terminal and os.environ.get("TERM") == "dumb"):
        from core.cli.plain import plain_app

        code: int = ctx.invoke(plain_app)
        return code
    if open_app is None or not a_terminal:
        click.echo(ctx.get_help())
        return 0
    return open_app(app)


def main(arguments: Sequence[str], open_app: OpenApp | None = None) -> int:
    """Run one command line and return the exit code.

    open_app: how to open the terminal application; None where there is none to open.
    """
    as_json = "--json" in arguments
    stdout = sys.stdout
    try:
        code = root.main(
            list(arguments),
            prog_name="vgwm",
            standalone_mode=False,
            obj=open_app,
            max_content_width=100,
        )
    except VgwmError as error:
        _complain(error, as_json=as_json)
        return error.exit_code
    except click.ClickException as error:
        return _misused(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except SystemExit:
        # When the reader has left, click wraps stdout and leaves with 1: not what 1 means here.
        if sys.stdout is not stdout:
            return _BROKEN_PIPE
        raise
    except Exception as error:  # noqa: BLE001 - this process's one border: reported, exit 70
        return _fault(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException, *, as_json: bool) -> int:
    """Report a command line that click refused."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = "vgwm" if context is None else context.command_path
    bad = BadInput(
        what=_without_help(error) or " ".join(error.format_message().split()),
        where=where,
        remedy=f"What is accepted: {where} --help",
    )
    _complain(bad, as_json=as_json)
    return bad.exit_code


def _without_help(error: click.ClickException) -> str:
    """Return what a group without a command lacks, where click says all its help; else ""."""
    if not isinstance(error, click.exceptions.NoArgsIsHelpError) or error.ctx is None:
        return ""
    group = error.ctx.command
    names = group.list_commands(error.ctx) if isinstance(group, click.Group) else []
    return f"a command is missing: {', '.join(names)}"


def _fault(error: Exception, *, as_json: bool) -> int:
    from importlib.metadata import version

    from core.cli.fault import report

    _complain(report(error, version("vgwm")), as_json=as_json)
    return FAULT


def _complain(error: VgwmError, *, as_json: bool) -> None:
    from core.cli.output import complain

    with contextlib.suppress(BrokenPipeError):
        complain(error, as_json=as_json)
