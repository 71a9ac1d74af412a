"""A fault of ours: a redacted report for whoever mends it, one error for the operator."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core.errors import VgwmError


class Fault(VgwmError):
    """vgwm itself stumbled."""


def report(error: Exception, release: str) -> Fault:
    """Write the trace to a 0600 file and return what to tell.

    The trace holds no local variables, and passes the redactor (I9).
    """
    from core.control.log.writing import redacted

    at = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    text = f"vgwm {release} {at}\n" + "".join(traceback.format_exception(error))
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(base) / "vgwm" / f"fault-{at}-{os.getpid()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("")
        path.chmod(0o600)
        path.write_text(redacted(text))
    except OSError as unwritten:
        kept = f"No report could be written ({unwritten.strerror})."
    else:
        kept = f"The report is {path}."
    return Fault(
        what=f"a fault of vgwm: {type(error).__name__}",
        where=where,
        remedy=f"{kept} What was announced is on disk; the same command may be tried again.",
    )
