"""Repairs: the engine's plan as a sheet, and the plan carried out by its hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import display
from core.errors import Refused
from tui.acts import effects
from tui.acts.repair import differences, nothing_to_mend, repair_sheet
from tui.acts.steering import actor
from tui.screen import Name
from tui.views.line import Role

if TYPE_CHECKING:
    from core.control.wire.metadata import RepairPlan
    from tui.acts.effects import Repair
    from tui.hands.front import Front


class Repairer:
    """Plans and carries out what is to be done about differences."""

    def __init__(self, app: Front) -> None:
        self._app = app

    async def do(self, effect: effects.AskRepair | effects.DoRepair) -> str:
        """Do it, and return what row 23 says. Raises a VgwmError."""
        if isinstance(effect, effects.DoRepair):
            return await self._carry_out(effect.plan, effect.repair)
        return await self._show_plan(effect.repair)

    async def _show_plan(self, repair: Repair) -> str:
        """Ask what it would do, and show that in a sheet, unless the operator went on."""
        plan = await self._app.proof_book.plan(repair, actor(), self._read)
        ui = self._app.ui
        if ui.screen is not Name.VERIFY or ui.sheet is not None or ui.prompt is not None:
            return "the plan came too late: ask again"
        if not plan.steps:
            self._app.say(nothing_to_mend(plan), Role.WARN)
            return ""
        self._show_sheet(plan, repair)
        return ""

    def _read(self, seen: int) -> None:
        self._app.say(f"the plan is being made: {display.count(seen)} differences read")

    def _show_sheet(self, plan: RepairPlan, repair: Repair, was: RepairPlan | None = None) -> None:
        act = effects.DoRepair(plan, repair)
        sheet = repair_sheet(plan, act, self._app.scene.workspace, was)
        self._app.ui = replace(self._app.ui, sheet=sheet, message=None, error=None)
        self._app.answer()

    async def _carry_out(self, plan: RepairPlan, repair: Repair) -> str:
        """Do what was shown; if that is no longer the plan, show how it differs (I8)."""
        try:
            job = await self._app.proof_book.carry_out(plan, actor())
        except Refused as refused:
            fresh = await self._app.proof_book.plan(repair, actor(), self._read)
            if fresh.hash == plan.hash or not fresh.steps:
                raise
            self._show_sheet(fresh, repair, was=plan)
            return f"not done: {refused.what}"
        self._app.hurry()
        return f"job {job} (repair): {differences(plan)}"
