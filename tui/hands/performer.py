"""Does what keys ask for: calls of the API, child processes, copies; row 23 says what was done."""

from __future__ import annotations

import os
import signal
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.control.wire.state import ErrorBody
from core.errors import CapacityExhausted, VgwmError
from tui.acts import effects
from tui.acts.effects import Verb
from tui.acts.steering import actor
from tui.hands import child, clipboard
from tui.hands.crosser import Crosser
from tui.hands.line_runner import LineRunner
from tui.hands.mender import Mender
from tui.hands.picture import svg
from tui.hands.repairer import Repairer
from tui.hands.reviewer import Reviewer
from tui.views.line import Role

if TYPE_CHECKING:
    from tui.acts.effects import Effect
    from tui.hands.front import Front

_DID = {Verb.PAUSE: "pauses; P resumes it", Verb.RESUME: "goes on; P pauses it"}


class Performer:
    """The app's hands."""

    def __init__(self, app: Front) -> None:
        self._app = app
        self._lines = LineRunner(app)
        self._mender = Mender(app)
        self._repairer = Repairer(app)
        self._crosser = Crosser(app, self.follow_list)
        self._reviewer = Reviewer(app)
        self._ledger_read = False

    def do(self, effect: Effect) -> None:
        """Do an effect; what takes time goes on in a worker, and says itself when it is done."""
        match effect:
            case effects.Leave():
                self._app.exit(0)
            case effects.Suspend():
                os.kill(os.getpid(), signal.SIGTSTP)
            case effects.Repaint():
                self._app.panel.refresh()
            case _:
                self._app.run_worker(self._told(effect), name=type(effect).__name__)

    async def _told(self, effect: Effect) -> None:
        """Do an effect that waits; its error is shown as stderr would say it."""
        try:
            said = await self._wait_for(effect)
        except VgwmError as error:
            body = ErrorBody(
                code=error.code,
                what=error.what,
                where=error.where,
                remedy=error.remedy,
                exit_code=error.exit_code,
            )
            self._app.ui = replace(self._app.ui, error=body, message=None)
            self._app.answer()
        else:
            if said:
                self._app.say(said)

    async def _wait_for(self, effect: Effect) -> str:
        match effect:
            case (
                effects.Begin()
                | effects.Steer()
                | effects.SetKnob()
                | effects.TakeOver()
                | effects.Answer()
            ):
                return await self._ask_engine(effect)
            case effects.StartEngine():
                await child.start_engine(self._app.path)
                self._app.hurry()
                said = "the engine runs"
            case effects.Copy() | effects.WriteScreen():
                return await self._take_out(effect)
            case effects.RunLine() | effects.CompleteLine():
                return await self._lines.do(effect)
            case effects.AskPlan() | effects.CarryOut():
                return await self._mender.do(effect)
            case effects.AskRepair() | effects.DoRepair():
                return await self._repairer.do(effect)
            case effects.AskCrossing() | effects.DoCrossing():
                said = await self._crosser.do(effect)
            case effects.Review() | effects.WriteReview():
                said = await self._reviewer.do(effect)
            case _:
                await self._app.lists.follow(self._app.ui)
                self._app.paint(at_once=True)
                said = ""
        return said

    async def _ask_engine(
        self,
        effect: effects.Begin | effects.Steer | effects.SetKnob | effects.TakeOver | effects.Answer,
    ) -> str:
        """Ask for a change; the engine answers once it is on disk (I5)."""
        client = self._app.link.client
        match effect:
            case effects.Begin():
                return await self._begin(effect)
            case effects.Answer():
                return await self._answer(effect)
            case effects.Steer(job, verb):
                return await self._steer(job, verb)
            case effects.SetKnob(name, value, before):
                await client.set_knobs({name: value}, actor=actor())
                return f"{name} is {value}; it was {before}"
            case effects.TakeOver(reason):
                await client.take_lease(actor=actor(), takeover=reason)
                self._app.hurry()
                return "you steer now, and an event says why: press the key again"

    async def _begin(self, begin: effects.Begin) -> str:
        kind, args = begin.kind, dict(begin.args)
        client = self._app.link.client
        job = await client.start_job(kind, args, actor=actor(), request_id=uuid.uuid4().hex)
        self._app.hurry()
        return f"job {job} ({kind}) began; P pauses it, X cancels it"

    async def _answer(self, answer: effects.Answer) -> str:
        """Let the engine keep what somebody says of a check."""
        client, check = self._app.link.client, answer.check
        if answer.is_note:
            await client.note(check, answer.text, actor=actor())
            said = f"{check} is answered: {answer.text}"
        else:
            await client.acknowledge(check, answer.text, actor=actor())
            said = f"{check} is taken on: {answer.text}"
        self._app.hurry()
        return said

    async def _steer(self, job: int, verb: Verb) -> str:
        client = self._app.link.client
        match verb:
            case Verb.PAUSE:
                await client.pause(job, actor=actor())
            case Verb.RESUME:
                await client.resume(job, actor=actor())
            case Verb.CANCEL:
                await client.cancel(job, actor=actor())
                return f"job {job} is cancelled; what is recorded stays"
        return f"job {job} {_DID[verb]}"

    async def _take_out(self, effect: effects.Copy | effects.WriteScreen) -> str:
        if isinstance(effect, effects.WriteScreen):
            return self._write_screen()
        return await self._copy(effect.text)

    async def _copy(self, text: str) -> str:
        driver = self._app._driver  # noqa: SLF001 - Textual has no public way to its own driver
        write = None if driver is None or driver.is_headless else driver.write
        return await clipboard.copy(text, write, self._app.path / "reports")

    def _write_screen(self) -> str:
        """Write the cells that are shown; they hold no secret."""
        grid = self._app.panel.shown
        stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{self._app.ui.screen.value.lower()}-{stamp}"
        folder = self._app.path / "reports"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / f"{name}.txt").write_text(grid.text() + "\n", encoding="utf-8")
            picture = svg(grid, self._app.look)
            (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
        except OSError as error:
            raise CapacityExhausted(
                what=f"the screen could not be written ({error.strerror})",
                where=str(folder),
                remedy="Make room, or make the folder writable.",
            ) from error
        return f"written to reports/{name}.svg and .txt"

    async def read_ledger(self) -> None:
        """Take the last facts from the ledger, once, while no engine has answered."""
        if self._ledger_read:
            return
        self._ledger_read = True
        try:
            self._app.link.take(await child.ledger_snapshot(self._app.path))
        except VgwmError as error:
            self._app.say(f"no facts: {error.what}", Role.WARN)
        else:
            self._app.run_worker(self._read_more(), name="ledger")

    async def _read_more(self) -> None:
        """Take assessment and plan from the ledger, too, while the last facts are shown."""
        await self._app.lists.prepared.read_ledger(self._app.path)
        self._app.paint(at_once=True)

    async def follow_list(self) -> None:
        """Read the list of the screen that is shown, if it can have changed."""
        if self._app.ui.frozen_s is None:
            try:
                await self._app.lists.follow(self._app.ui)
            except VgwmError as error:
                self._app.say(error.what, Role.WARN)

    async def read_rows(self) -> None:
        """Fetch rows that a key asked for, and show them."""
        try:
            came = await self._app.lists.read()
        except VgwmError as error:
            self._app.say(error.what, Role.WARN)
        else:
            if came:
                self._app.answer()
