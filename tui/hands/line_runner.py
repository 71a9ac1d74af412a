"""Command lines typed after `:`: what they write is shown over the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import BadInput
from tui.acts import effects
from tui.acts.prompt import completed
from tui.hands import line_child
from tui.ui import Asks

if TYPE_CHECKING:
    from tui.hands.front import Front


class LineRunner:
    """Runs and completes command lines of this workspace."""

    def __init__(self, app: Front) -> None:
        self._app = app

    async def do(self, effect: effects.RunLine | effects.CompleteLine) -> str:
        """Do it, and return what row 23 says. Raises BadInput for a line that cannot be read."""
        if isinstance(effect, effects.CompleteLine):
            await self._complete(effect.typed)
            return ""
        return await self._run(effect.typed)

    async def _complete(self, typed: str) -> None:
        """Complete a line, unless it is another by then."""
        app = self._app
        found = await line_child.complete(app.path, typed)
        prompt = app.ui.prompt
        if prompt is not None and prompt.asks is Asks.LINE and prompt.typed == typed and found:
            app.ui = replace(app.ui, prompt=completed(prompt, found))
            app.answer()

    async def _run(self, typed: str) -> str:
        app = self._app
        try:
            answer = await line_child.run(app.path, line_child.words_of(typed))
        except BadInput:
            app.ui = replace(app.ui, output=None)
            raise
        late = f"not waited for after {line_child.WAIT_S:.0f} s; a job goes on in the engine"
        ended = late if answer.code is None else ""
        app.hurry()
        output = app.ui.output
        if output is None or output.typed != typed or output.ended is not None:
            return f"vgwm {typed}: {ended or f'exit {answer.code}'}"
        done = replace(output, lines=answer.lines, code=answer.code or 0, ended=ended)
        app.ui = replace(app.ui, output=done)
        app.answer()
        return ""
