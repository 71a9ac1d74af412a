"""Cutover and rollback: the engine's plan as a sheet, and the plan carried out by its hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Refused
from tui.acts import effects
from tui.acts.crossing_sheet import crossing_sheet
from tui.acts.steering import actor
from tui.facts import crossing
from tui.screen import Name
from tui.ui import Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.control.wire.cutover import CutoverPlan
    from tui.facts.crossing import Crossing
    from tui.hands.front import Front

_SCREENS = frozenset({Name.CUTOVER, Name.ROLLBACK})


class Crosser:
    """Plans and carries out what changes a side. follow: reads the list that is shown."""

    def __init__(self, app: Front, follow: Callable[[], Awaitable[None]]) -> None:
        self._app = app
        self._follow = follow

    async def do(self, effect: effects.AskCrossing | effects.DoCrossing) -> str:
        """Do it, and return what row 23 says. Raises a VgwmError."""
        if isinstance(effect, effects.DoCrossing):
            return await self._carry_out(effect.plan, effect.wanted)
        return await self._show_plan(effect.wanted)

    async def _plan(self, wanted: Crossing) -> CutoverPlan:
        return await crossing.plan(self._app.link.client, wanted, actor())

    async def _show_plan(self, wanted: Crossing) -> str:
        """Ask what it would do, and show that in a sheet, unless the operator went on."""
        await self._follow()  # what the sheet will lie over
        self._app.paint(at_once=True)
        made = await self._plan(wanted)
        ui = self._app.ui
        if ui.screen not in _SCREENS or ui.sheet is not None or ui.prompt is not None:
            return "the plan came too late: ask again"
        if made.off:
            self._show_why(made)
            return ""
        self._show_sheet(made, wanted)
        return ""

    def _show_why(self, made: CutoverPlan) -> None:
        """Show every reason why it cannot be begun, as the command would say it."""
        lines = tuple(made.off.splitlines())
        typed = made.command.removeprefix("vgwm ")
        output = Output(typed=typed, lines=lines, code=Refused.exit_code, ended="")
        self._app.ui = replace(self._app.ui, output=output, message=None, error=None)
        self._app.answer()

    def _show_sheet(
        self, made: CutoverPlan, wanted: Crossing, was: CutoverPlan | None = None
    ) -> None:
        sheet = crossing_sheet(made, effects.DoCrossing(made, wanted), was)
        self._app.ui = replace(self._app.ui, sheet=sheet, message=None, error=None)
        self._app.answer()

    async def _carry_out(self, made: CutoverPlan, wanted: Crossing) -> str:
        """Do what was shown; if that is no longer the plan, show how it differs (I8)."""
        try:
            job = await crossing.carry_out(self._app.link.client, made, actor())
        except Refused as refused:
            fresh = await self._plan(wanted)
            if fresh.off or fresh.hash == made.hash:
                raise
            self._show_sheet(fresh, wanted, was=made)
            return f"not done: {refused.what}"
        self._app.hurry()
        return f"job {job} ({made.kind}) began, plan {made.hash}"
