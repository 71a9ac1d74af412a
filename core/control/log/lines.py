"""The lines of vgwm's logs: what kinds there are, and the two forms in which they are written.

engine.log holds JSON, one object a line. A `--log-file` holds the same for people:
`AT LEVEL KIND TEXT [NAME=VALUE ..]`. Both are read back into one `LogLine`; facts are flat, so
that either form can hold them. Pure. Imports the models and display.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from core.model import NS_PER_S

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_LINE: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([a-z]+) +([a-z_]+|-) (.*)", re.DOTALL
)
_NOTHING: Final = "-"
OPENED: Final = "opened"
"""The first line that a process writes: whatever broke off before it was another's."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Figures of a line, for programs. Each class names its kind, as `kind` in the line."""


class BundleFacts(Facts, frozen=True, kw_only=True, tag="bundle"):
    """A recorded bundle: seconds by step as in `BundleTimes`.

    nodes: names with commas. failed: `class:objects` with commas. worker: -1 for none.
    """

    bundle: int
    objects: int
    bytes: int
    wait_s: float = 0.0
    read_s: float = 0.0
    send_s: float = 0.0
    pin_s: float = 0.0
    record_s: float = 0.0
    worker: int = -1
    nodes: str = ""
    failed: str = ""

    @property
    def all_s(self) -> float:
        """The whole way of the bundle."""
        return self.wait_s + self.read_s + self.send_s + self.pin_s + self.record_s


class MinuteFacts(Facts, frozen=True, kw_only=True, tag="minute"):
    """A minute of a running job: what it recorded in `over_s`, and how things stand."""

    job: int
    over_s: float
    objects: int = 0
    bytes: int = 0
    migrated: int = 0
    remaining: int = 0
    failed: int = 0
    workers: int = 0
    rss_bytes: int = 0


class StallFacts(Facts, frozen=True, kw_only=True, tag="stall"):
    """Nothing has been recorded for so long; said once when it is noticed."""

    for_s: float
    reason: str = ""


class MovesFacts(Facts, frozen=True, kw_only=True, tag="moves"):
    """A stall has ended, after so long."""

    for_s: float
    reason: str = ""


class StartFacts(Facts, frozen=True, kw_only=True, tag="start"):
    """An engine has begun, or was seen for the first time."""

    epoch: int
    pid: int = 0
    version: str = ""


class JobFacts(Facts, frozen=True, kw_only=True, tag="job"):
    """A job is in another state."""

    job: int
    of: str = ""  # plan, copy
    state: str = ""


KINDS: Final[dict[str, type[Facts]]] = {
    "bundle": BundleFacts,
    "minute": MinuteFacts,
    "stall": StallFacts,
    "moves": MovesFacts,
    "start": StartFacts,
    "job": JobFacts,
}


class LogLine(NamedTuple):
    """One line. at_ns: UTC, whole milliseconds. kind: "" for plain talk. text: safe to show."""

    at_ns: int
    level: str
    kind: str
    text: str
    facts: Facts | None = None


class _Head(msgspec.Struct):
    """What every JSON line has."""

    at: str
    level: str
    text: str
    kind: str = ""


def stamp(at_ns: int) -> str:
    """Return a time as `2026-11-25T19:12:03.123Z`."""
    at = _EPOCH + timedelta(milliseconds=at_ns // 1_000_000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_ns(text: str) -> int:
    """Return the time that `stamp` wrote. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return (at - _EPOCH) // timedelta(milliseconds=1) * (NS_PER_S // 1000)


def json_line(line: LogLine, **more: str) -> str:
    """Return a line as engine.log holds it. more: members between level and text."""
    whole: dict[str, object] = {"at": stamp(line.at_ns), "level": line.level, **more}
    whole["text"] = line.text
    if line.kind:
        whole["kind"] = line.kind
    if line.facts is not None:
        whole |= _flat(line.facts)
    return json.dumps(whole, ensure_ascii=True)


def text_line(line: LogLine) -> str:
    """Return a line as a `--log-file` holds it: facts stand in brackets at its end."""
    words = line.text.replace("\n", " ")
    begin = f"{stamp(line.at_ns)} {line.level:<7} {line.kind or _NOTHING} {words}"
    if line.facts is None:
        return begin
    facts = _flat(line.facts)
    said = " ".join(f"{name}={_quoted(value)}" for name, value in facts.items() if name != "kind")
    return f"{begin} [{said}]"


def parse(raw: str) -> LogLine:
    """Return the line of either form. Raises ValueError for anything else."""
    return _parse_json(raw) if raw.startswith("{") else _parse_text(raw)


def _parse_json(raw: str) -> LogLine:
    try:
        head = msgspec.json.decode(raw, type=_Head)
        kind = KINDS.get(head.kind)
        facts = None if kind is None else msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    return LogLine(stamp_ns(head.at), head.level, head.kind, head.text, facts)


def _parse_text(raw: str) -> LogLine:
    found = _TEXT_LINE.fullmatch(raw)
    if found is None:
        raise ValueError(raw)
    at, level, kind, text = found.groups()
    facts = None
    if kind in KINDS:
        text, _, said = text.rpartition(" [")
        facts = _facts(kind, said.removesuffix("]"))
    return LogLine(stamp_ns(at), level, "" if kind == _NOTHING else kind, text, facts)


def _facts(kind: str, said: str) -> Facts:
    values = dict(item.partition("=")[::2] for item in said.split(" "))
    plain = {name: unquote(value, errors="surrogatepass") for name, value in values.items()}
    try:
        return msgspec.convert({**plain, "kind": kind}, type=KINDS[kind], strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _flat(facts: Facts) -> dict[str, object]:
    flat: dict[str, object] = msgspec.to_builtins(facts)
    return {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in flat.items()
        if value != ""  # the default of every text
    }


def _quoted(value: object) -> str:
    return quote(str(value), safe=":,/@+-.", errors="surrogatepass")
