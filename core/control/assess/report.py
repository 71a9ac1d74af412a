"""An assessment written down: one HTML page that stands alone, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from core.control.files import refuse_existing, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire

_JSON: Final = "assessment.json"
_HTML: Final = "assessment.html"


def refuse_existing_report(folder: Path) -> None:
    """Raise Refused if a report stands in the folder."""
    refuse_existing(folder / _JSON)
    refuse_existing(folder / _HTML)


def write_report(
    folder: Path, workspace: wire.Workspace, assessed: wire_checks.Checks
) -> list[str]:
    """Write the report into a folder, made if it is not there; return the files' names.

    A former report is kept beside it. Raises as `core.config.atomic.write_text`.
    """
    from core.control.assess.page import page  # noqa: PLC0415 - the template engine takes 60 ms

    html = page(workspace, assessed)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    body = {"v": 1, "workspace": workspace, "assessment": assessed}
    replace_file(
        folder / _JSON, msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"
    )
    replace_file(folder / _HTML, html)
    return [str(folder / _HTML), str(folder / _JSON)]
