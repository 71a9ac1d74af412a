"""Retries and skips: the engine's plan as a sheet, and the plan carried out by its hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Refused
from tui.acts import effects
from tui.acts.sheets import mend_sheet, objects
from tui.acts.steering import actor
from tui.screen import Name

if TYPE_CHECKING:
    from core.control.wire.failures import ActPlan
    from tui.acts.mend import Mend
    from tui.hands.front import Front
    from tui.ui import Sheet


class Mender:
    """Plans and carries out what is to be done about failures."""

    def __init__(self, app: Front) -> None:
        self._app = app

    async def do(self, effect: effects.AskPlan | effects.CarryOut) -> str:
        """Do it, and return what row 23 says. Raises a VgwmError."""
        if isinstance(effect, effects.CarryOut):
            return await self._carry_out(effect.plan, effect.mend)
        return await self._show_plan(effect.mend)

    async def _show_plan(self, mend: Mend) -> str:
        """Ask what it would do, and show that in a sheet, unless the operator went on."""
        plan = await self._app.book.plan(mend, actor(), self._looked)
        ui = self._app.ui
        if ui.screen is not Name.ERRORS or ui.sheet is not None or ui.prompt is not None:
            return "the plan came too late: ask again"
        if not plan.objects:
            return f"nothing to {mend.verb}: no object fits"
        self._show_sheet(mend_sheet(plan, mend, self._app.scene))
        return ""

    def _looked(self, seen: int) -> None:
        self._app.say(f"the plan is being made: {objects(seen)} looked at")

    def _show_sheet(self, sheet: Sheet) -> None:
        self._app.ui = replace(self._app.ui, sheet=sheet, message=None, error=None)
        self._app.answer()

    async def _carry_out(self, plan: ActPlan, mend: Mend) -> str:
        """Do what was shown; if that is no longer the plan, show how it differs (I8)."""
        try:
            job = await self._app.book.carry_out(plan, actor())
        except Refused as refused:
            fresh = await self._app.book.plan(mend, actor(), self._looked)
            if fresh.hash == plan.hash or not fresh.objects:
                raise
            self._show_sheet(mend_sheet(fresh, mend, self._app.scene, was=plan))
            return f"not done: {refused.what}"
        self._app.hurry()
        return f"job {job} ({plan.act}): {objects(plan.objects)}"
