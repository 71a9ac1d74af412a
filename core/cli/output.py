"""What a command leaves on stdout and stderr: the envelope, lists by line, errors by what to do."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.cli.call import Call
    from core.errors import VgwmError


def answer(call: Call, result: object, lines: Iterable[str], warnings: Sequence[str] = ()) -> None:
    """Print a result: its lines, or under --json the envelope.

    result is anything msgspec can encode. Warnings go to stderr, under --json into the envelope.
    """
    if call.as_json:
        sys.stdout.write(envelope(call, result, warnings) + "\n")
    else:
        for line in lines:
            sys.stdout.write(line + "\n")
        for warning in warnings:
            sys.stderr.write(f"vgwm: warning: {warning}\n")
    sys.stdout.flush()


def envelope(call: Call, result: object, warnings: Sequence[str] = ()) -> str:
    """Return `{"v","command","workspace","at","result","warnings"}` on one line."""
    import msgspec

    from core.display import safe

    whole = {
        "v": 1,
        "command": call.command,
        "workspace": None if call.folder is None else safe(os.fsencode(call.folder.absolute())),
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "result": result,
        "warnings": list(warnings),
    }
    return msgspec.json.encode(whole).decode()


def listing(call: Call, rows: Iterable[object], lines: Iterable[str]) -> None:
    """Print a list: its lines, or under --json each row as one JSON object a line."""
    if call.as_json:
        import msgspec

        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    else:
        for line in lines:
            sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(call: Call, text: str) -> None:
    """Say something that is no result: on stderr, and not under --json."""
    if not call.as_json:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def complain(error: VgwmError, *, as_json: bool) -> None:
    """Print an error on stderr: what, where, what to do; of secrets nothing, whoever quoted one."""
    from core.control.log.writing import redacted

    what, where, remedy = map(redacted, (error.what, error.where, error.remedy))
    if as_json:
        import json

        body = {"code": error.code, "what": what, "where": where, "remedy": remedy}
        sys.stderr.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
        return
    sys.stderr.write(f"vgwm: {what}\n  where  {where}\n  do     {remedy}\n")
