"""The acts of a desk without an engine: each says that none runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import safe
from core.errors import EngineDown

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from core.control.desk import Verb
    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire


class RefusedActs:
    """Refuses whatever only an engine does. path: of the workspace."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def start_job(self, request: wire.JobRequest) -> int:
        """Raise EngineDown."""
        self._refuse(request.kind)

    async def act(self, job: int, verb: Verb, act: wire.Act) -> None:
        """Raise EngineDown."""
        del act
        self._refuse(f"{verb} of job {job}")

    async def set_knobs(self, request: wire.KnobRequest) -> None:
        """Raise EngineDown."""
        self._refuse(f"setting {', '.join(request.values)}")

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        """Raise EngineDown."""
        del request
        self._refuse(f"taking {check} on")

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        """Raise EngineDown."""
        del request
        self._refuse(f"a note of {item}")

    def hear(self, actor: str) -> None:
        """Do nothing: without an engine nobody steers."""

    async def take_lease(self, order: wire.Command) -> wire.Lease:
        """Raise EngineDown."""
        del order
        self._refuse("steering")

    async def stop(self, act: wire.Act) -> None:
        """Raise EngineDown."""
        del act
        self._refuse("stopping")

    def _refuse(self, act: str) -> NoReturn:
        raise EngineDown(
            what=f"no engine runs for {safe(act)}",
            where=safe(str(self._path)),
            remedy="Start it with: vgwm engine start",
        )
