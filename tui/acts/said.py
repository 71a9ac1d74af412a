"""Texts that leave the screen: the status line for a chat, an error to pass on, the way back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from core import display
from core.control.facts import eta_fact
from core.control.wire.failures import FailureCause
from core.control.wire.state import Failure
from tui.acts import assess_acts, config_acts, cutover_acts, iam_acts, plan_acts, verify_acts
from tui.acts.errors_acts import row_of
from tui.facts.listing import Filter, Tab
from tui.screen import Name
from tui.views.guide import COMMAND
from tui.views.words import current_job, done_percent, is_alive, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.control.wire.state import ErrorBody, Snapshot
    from tui.ui import Scene, Ui


def status_line(scene: Scene) -> str:
    """Return the state in one line, without a secret: nothing secret is ever in a snapshot."""
    now = scene.snapshot
    if now is None:
        return f"vgwm {scene.workspace}: no facts yet"
    t = now.totals
    return (
        f"vgwm {scene.workspace}: {standing(now).text}, "
        f"{display.count(t.migrated)} of {display.count(t.wanted)} objects ({done_percent(now)}), "
        f"{display.size(t.migrated_bytes)} of {display.size(t.wanted_bytes)}, "
        f"failed {display.count(t.failed)}, ETA {eta_fact(now).parts[0]}"
    )


def command_of(ui: Ui, scene: Scene) -> str:
    """Return the command that shows what the screen shows, or the row that is meant on it."""
    name = ui.back if ui.screen is Name.HELP else ui.screen
    own = _COMMANDS.get(name)
    return COMMAND[name] if own is None else own(ui, scene)


_COMMANDS: Mapping[Name, Callable[[Ui, Scene], str]] = {
    Name.ASSESS: assess_acts.command_of,
    Name.CONFIG: lambda ui, _scene: config_acts.command_of(ui),
    Name.IAM: lambda ui, _scene: iam_acts.command_of(ui),
    Name.PLAN: lambda ui, _scene: plan_acts.command_of(ui.part),
    Name.ERRORS: lambda ui, scene: f"{COMMAND[Name.ERRORS]} {_which(ui, scene)}".rstrip(),
    Name.VERIFY: verify_acts.command_of,
    Name.CUTOVER: cutover_acts.command_of,
    Name.ROLLBACK: cutover_acts.command_of,
}


def _which(ui: Ui, scene: Scene) -> str:
    """Return the options of `errors` for the class under the cursor, the object, or the list."""
    row = row_of(ui, scene)
    wanted = ui.listing.filter
    if ui.listing.tab is Tab.BUNDLES:
        return "--by bundle"
    if isinstance(row, FailureCause):
        wanted = Filter(code=row.code, phase=row.phase)
    elif isinstance(row, Failure) and ui.opened:
        wanted = Filter(code=row.code, prefix=f"{row.bucket}/{row.key}")
    options = {"--class": wanted.code, "--phase": wanted.phase, "--prefix": wanted.prefix}
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in options.items() if value)


def command_line(command: str, scene: Scene) -> str:
    """Return a command as it works in any shell: with the workspace that is shown here."""
    program, _, rest = command.partition(" ")
    where = f" -w {shlex.quote(scene.path)}" if scene.path else ""
    return f"{program}{where} {rest}".rstrip()


def error_text(error: ErrorBody) -> str:
    """Return an error in one line, as stderr says it."""
    return f"{error.what} ({error.where}). {error.remedy}"


def way_back(snapshot: Snapshot | None, *, command: str, engine_lives: bool) -> str:
    """Return what is printed on leaving: what goes on without the screen, and how to come back."""
    job = current_job(snapshot) if snapshot is not None else None
    if not engine_lives:
        goes_on = "no engine is running"
    elif job is not None and is_alive(job):
        goes_on = f"the engine goes on: job {job.id}, {job.kind} {job.state}"
    else:
        goes_on = "the engine goes on, without a job"
    return f"{goes_on}\ncome back with: {command}"
