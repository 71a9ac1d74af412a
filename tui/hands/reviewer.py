"""Runs the commands whose answers the Config and IAM screens show, and writes what was reviewed.

The child is `vgwm` itself with --json: a screen shows what the command says, and needs no engine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from core.control.wire import config as wire_config
from core.control.wire import iam as wire_iam
from core.control.wire import state as wire
from core.display import safe
from core.errors import Broken
from tui.acts import effects
from tui.hands import child
from tui.screen import Name

if TYPE_CHECKING:
    from tui.hands.front import Front

WAIT_S = 60.0
_FOUND = 1
"""The exit code of a command that ran, and found something."""

T = TypeVar("T")


class _Envelope(msgspec.Struct):
    result: msgspec.Raw


class _Refusal(msgspec.Struct):
    error: dict[str, Any]


class Reviewer:
    """Brings what is under review to the screen, and carries out what its sheet showed."""

    def __init__(self, app: Front) -> None:
        self._app = app

    async def do(self, effect: effects.Review | effects.WriteReview) -> str:
        """Do it; return what row 23 says."""
        if isinstance(effect, effects.Review):
            return await self.review()
        return await self.write(effect)

    async def review(self) -> str:
        """Run the review of the screen that is shown; return what row 23 says."""
        app = self._app
        if app.ui.screen is Name.IAM:
            words = app.ui.accounts.words
            report = await self._ask(words, wire_iam.IamReport)
            if report is not None and app.ui.accounts.words == words:
                app.scene = replace(app.scene, iam=report)
        else:
            words = app.ui.conversion.words
            diff = await self._ask(words, wire_config.ConfigDiff)
            if diff is not None and app.ui.conversion.words == words:
                app.scene = replace(app.scene, config=diff)
        app.answer()
        return ""

    async def write(self, effect: effects.WriteReview) -> str:
        """Carry out what was shown; return what row 23 says."""
        iam = effect.words[0] == "iam"
        if iam:
            report = await self._ask(list(effect.words), wire_iam.IamReport)
            if report is None:
                return ""
            self._app.scene = replace(self._app.scene, iam=report)
            self._app.answer()
            return f"{report.state}: {report.count} accounts in {report.target}"
        written = await self._ask(list(effect.words), wire_config.ConfigWritten)
        if written is None:
            return ""
        await self.review()
        return f"written: {', '.join(written.written) or 'nothing, all was there'}"

    async def _ask(self, words: list[str], kind: type[T]) -> T | None:
        """Run a command and return its answer; None after a refusal, which is shown."""
        self._app.ui = replace(self._app.ui, message=None, error=None)
        code, out, err = await child.run(self._app.path, *words, wait_s=WAIT_S)
        if code not in {0, _FOUND} or not out.strip():
            self._app.ui = replace(self._app.ui, error=_refusal(err, code))
            self._app.answer()
            return None
        try:
            envelope = msgspec.json.decode(out, type=_Envelope)
            return msgspec.json.decode(envelope.result, type=kind)
        except msgspec.DecodeError as error:
            raise Broken(
                what=f"the answer of vgwm {words[0]} does not read ({safe(str(error))})",
                where=f"vgwm {' '.join(words[:2])}",
                remedy="This screen and the vgwm on this host are of different releases.",
            ) from error


def _refusal(err: bytes, code: int) -> wire.ErrorBody:
    """Return what a command said on stderr."""
    for line in err.splitlines():
        try:
            told = msgspec.json.decode(line, type=_Refusal).error
        except msgspec.DecodeError:
            continue
        parts = {
            name: safe(str(told.get(name, ""))) for name in ("code", "what", "where", "remedy")
        }
        return wire.ErrorBody(**parts, exit_code=code)
    text = safe(err.decode("utf-8", "replace").strip().rpartition("\n")[2])
    return wire.ErrorBody(
        code="fault", what=text or f"exit {code}", where="vgwm", remedy="", exit_code=code
    )
