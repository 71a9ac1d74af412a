"""`vgwm engine`: the process that does the work, one per workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.control.unit import Scope


@click.group()
def engine() -> None:
    """Start, stop or look at the workspace's engine."""


@engine.command()
@click.option("--ready-fd", type=int, hidden=True, help="Where `start` hears that it answers.")
@click.option("--kept-by", type=int, hidden=True, help="The keeper's pid.")
@click.option("--restarts", type=int, default=0, hidden=True, help="How often it did its work.")
@click.option("--ended", default="", hidden=True, help="How the engine before this one crashed.")
@conventions
def serve(
    call: Call, *, ready_fd: int | None, kept_by: int | None, restarts: int, ended: str
) -> int:
    """Run the engine in the foreground.

    For a service manager: it logs to stderr, and SIGTERM ends it.
    """
    from core.control.host import run_engine
    from core.control.keeper import Kept

    kept = None if kept_by is None else Kept(kept_by, restarts, ended)
    return run_engine(call.workspace, ready_fd=ready_fd, kept=kept)


@engine.command(hidden=True)
@click.option("--ready-fd", type=int, help="Where `start` hears that the engine answers.")
@conventions
def keep(call: Call, *, ready_fd: int | None) -> int:
    """Run the engine as a child, and start it again when it crashes."""
    from core.control.keeper import keep_engine

    return keep_engine(call.workspace, ready_fd=ready_fd)


@engine.command()
@click.option(
    "--scope",
    type=click.Choice(["system", "user"]),
    default="system",
    show_default=True,
    help="Of the machine, or of this login's own systemd.",
)
@click.option("--user", metavar="NAME", help="Who runs it, of a system unit; else this login.")
@conventions
def unit(call: Call, *, scope: Scope, user: str | None) -> int:
    """Print a systemd unit for this workspace's engine.

    Put it into /etc/systemd/system, or ~/.config/systemd/user, under a name of your choice. It
    takes the place of `vgwm engine start`.
    """
    import getpass

    from core.cli.output import answer
    from core.control.unit import unit_of

    text = unit_of(call.workspace, command=_program(), user=user or getpass.getuser(), scope=scope)
    answer(call, {"unit": text}, text.splitlines())
    return 0


def _program() -> tuple[str, ...]:
    """Return how this program is called, by absolute paths: a unit has no search path."""
    import shutil
    import sys

    found = shutil.which("vgwm")
    return (found,) if found else (sys.executable, "-m", "tui.main")


@engine.command()
@conventions
def start(call: Call) -> int:
    """Start the engine in the background.

    It survives the end of this login, is started again after a crash, and logs to engine.log in the
    workspace.
    """
    from core.cli.output import answer
    from core.control.daemon import start_engine

    started = start_engine(call.workspace)
    verb = "started" if started.fresh else "already runs"
    answer(
        call,
        {"pid": started.pid, "started": started.fresh},
        [f"engine {verb}, pid {started.pid}"],
    )
    return 0


@engine.command()
@conventions
@steers
def stop(call: Call) -> int:
    """End the engine, and wait for it.

    Bundles in flight are put back; jobs go on at the next start.
    """
    from core.cli.output import answer
    from core.control.daemon import stop_engine

    pid = stop_engine(call.workspace, actor=call.actor, takeover=call.takeover)
    line = "no engine runs" if pid is None else f"engine stopped, pid {pid}"
    answer(call, {"pid": pid, "stopped": pid is not None}, [line])
    return 0


@engine.command()
@conventions
def status(call: Call) -> int:
    """Say whether the engine answers.

    Exit 3 if it is down, 4 if it is silent.
    """
    import asyncio

    from core.cli.link import live
    from core.cli.output import answer
    from core.control import facts

    async def look() -> int:
        async with live(call) as client:
            now = await client.snapshot()
        lines = [facts.line(facts.engine_fact(now))]
        lines += [facts.line(facts.job_fact(job, now.at_ns)) for job in now.jobs]
        answer(call, now.engine, lines)
        return 0

    return asyncio.run(look())
