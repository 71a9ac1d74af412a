"""The engine's log: one JSON object a line, redacted (I9), in engine.log and, if apart, on stderr.

Under a service manager stderr is the journal's. What an engine in a command's own process logs
goes to the workspace's engine.log alone.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.config.redact import redact
from core.control.log.lines import KINDS, OPENED, Facts, LogLine, json_line
from core.control.log.rotation import RotatedFile
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)

LOG_NAME = "engine.log"
_OURS = ("core", "tui")


class JsonLines(logging.Formatter):
    """Formats a record as {"at", "level", "from", "text"}, with "kind", facts and "trace" if any.

    `extra={"kind": ..}` names the kind, `extra={"facts": Facts}` names it and adds its members.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record on one line; a message keeps its control characters as JSON escapes."""
        facts = getattr(record, "facts", None)
        kind = str(getattr(record, "kind", ""))
        line = LogLine(
            at_ns=int(getattr(record, "at_ns", record.created * NS_PER_S)),
            level=record.levelname.lower(),
            kind="event" if kind in KINDS and facts is None else kind,
            text=redact(record.getMessage()),
            facts=facts if isinstance(facts, Facts) else None,
        )
        more = {"from": record.name}
        if record.exc_info:
            more["trace"] = redact(self.formatException(record.exc_info))
        return json_line(line, **more)


def redacted(text: str) -> str:
    """Return text without secrets, for what else a process leaves behind."""
    return redact(text)


@contextmanager
def logging_to(workspace: Path, *, on_stderr: bool, level: int = logging.INFO) -> Iterator[None]:
    """Let this process log to the workspace's engine.log while the block runs.

    on_stderr: also there, unless stderr is that file. Libraries speak from WARNING on.
    """
    file = _file(workspace)
    handlers: list[logging.Handler] = [] if file is None else [file]
    if file is None or (on_stderr and not file.is_open_as(2)):
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = (root.handlers[:], root.level, [logging.getLogger(name).level for name in _OURS])
    root.handlers[:] = handlers
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    _log.info("process %d logs", os.getpid(), extra={"kind": OPENED})
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:], levels = before[0], before[2]
        root.setLevel(before[1])
        for name, kept in zip(_OURS, levels, strict=True):
            logging.getLogger(name).setLevel(kept)
        if file is not None:
            file.close()


def _file(workspace: Path) -> RotatedFile | None:
    """Return the log, None where none can be written: an engine works without one, too."""
    try:
        return RotatedFile(workspace / LOG_NAME)
    except OSError:
        return None


def say(logger: logging.Logger, line: LogLine) -> None:
    """Log a line that was made elsewhere, with the time that it has."""
    level = logging.WARNING if line.level in {"warn", "warning"} else logging.INFO
    extra = {"kind": line.kind, "facts": line.facts, "at_ns": line.at_ns}
    logger.log(level, "%s", line.text, extra=extra)
