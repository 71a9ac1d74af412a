"""The engine's log: one JSON object a line, redacted (I9), on stderr.

`engine start` lets stderr be engine.log; under a service manager the journal takes it.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from core.config.redact import redact


class JsonLines(logging.Formatter):
    """Formats a record as {"at", "level", "from", "text"} and, for an exception, "trace"."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record on one line; a message keeps its control characters as JSON escapes."""
        at = datetime.fromtimestamp(record.created, tz=UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)


def redacted(text: str) -> str:
    """Return text without secrets, for what else a process leaves behind."""
    return redact(text)


def log_to_stderr(*, level: int = logging.INFO) -> None:
    """Send this process's log to stderr as JSON lines; libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("core", "tui"):
        logging.getLogger(ours).setLevel(level)
    logging.captureWarnings(capture=True)
