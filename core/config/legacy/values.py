"""The kinds of values in a gateway's configuration: how each is read, what the YAML holds. Pure.

The gateway is a Go program: its booleans and whole numbers are Go's.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from core.config.units import parse_duration
from core.errors import BadInput

Value: TypeAlias = bool | int | str | list[str]
"""What a member of the YAML holds."""

_BOOLS: Final = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("", "0", "f", "F", "FALSE", "false", "False"), False),
}
_DECIMAL: Final = re.compile(r"[+-]?[0-9](?:_?[0-9])*")
_PREFIXED: Final = re.compile(
    r"[+-]?0(?:[xX](?:_?[0-9a-fA-F])+|[bB](?:_?[01])+|[oO]?(?:_?[0-7])+|)"
)
_LARGEST: Final = (1 << 63) - 1
_OCTAL: Final = re.compile(r"[0-7]{1,4}")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LAST_PORT: Final = 65535
_ADDRESS: Final = re.compile(r"(?:\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9_.*-]*):(?P<port>[^:]*)")


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    BOOL = "bool"
    INVERTED = "inverted"  # a bool that the YAML asks the other way round
    INT = "int"
    MODE = "mode"
    PATH = "path"
    ROUTE = "route"  # of a URL: begins with a slash
    ADDRESSES = "addresses"
    LIST = "list"
    SECONDS = "seconds"  # a whole number in the old file, a duration in the YAML
    DURATION = "duration"
    URL = "url"
    ENDPOINTS = "endpoints"  # a list of http(s) URLs
    HOSTS = "hosts"  # a list of host:port
    WORD = "word"
    SECRET = "secret"  # noqa: S105 - a kind's name


class Parsed(NamedTuple):
    """A value as the YAML holds it; None for a default. fault: why it is none, if so."""

    value: Value | None
    fault: str = ""


def parse_value(kind: Kind, text: str) -> Parsed:
    """Return a value of the old file, or the fault for which the gateway would not start."""
    reader = _READERS.get(kind)
    return Parsed(text) if reader is None else reader(text)


def go_int(text: str) -> int | None:
    """Return a whole number as Go reads it with base 0: `0755` is octal. None if it is none."""
    if not (_DECIMAL.fullmatch(text) or _PREFIXED.fullmatch(text)):
        return None
    digits = text.replace("_", "")
    sign, digits = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits[1:]}"
    try:
        number = int(sign + digits, 0)
    except ValueError:
        return None  # an 8 or 9 in an octal one
    return number if abs(number) <= _LARGEST else None


def split_list(text: str) -> list[str]:
    """Return the members of a list as the gateway splits it."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _bool(text: str) -> Parsed:
    if text in _BOOLS:
        return Parsed(_BOOLS[text])
    return Parsed(None, "no boolean: write true or false")


def _inverted(text: str) -> Parsed:
    value, fault = _bool(text)
    return Parsed(None if value is None else not value, fault)


def _int(text: str) -> Parsed:
    if not text:
        return Parsed(None)
    number = go_int(text)
    if number is None:
        return Parsed(None, "no whole number")
    return Parsed(number) if number >= 0 else Parsed(None, "less than 0")


def _seconds(text: str) -> Parsed:
    value, fault = _int(text)
    return Parsed(f"{value}s" if isinstance(value, int) else None, fault)


def _duration(text: str) -> Parsed:
    try:
        parse_duration(text)
    except BadInput:
        return Parsed(None, "no duration: write 30s or 5m")
    return Parsed(text.strip())


def _mode(text: str) -> Parsed:
    if not text or _OCTAL.fullmatch(text):
        return Parsed(text or None)
    return Parsed(None, "no octal mode: write 0660")


def _route(text: str) -> Parsed:
    return Parsed(text) if not text or text[0] == "/" else Parsed(None, "no /path")


def _addresses(text: str) -> Parsed:
    members = split_list(text)
    if not members:
        return Parsed(None, "no address")
    wrong = [one for one in members if not is_address(one)]
    if wrong:
        return Parsed(None, "no address: write host:port, :port, /socket or @name")
    return Parsed(members)


def is_address(text: str) -> bool:
    """Tell whether the gateway can listen there: host:port, :port, /socket, @name."""
    if text[:1] in ("/", "@"):
        return len(text) > 1
    match = _ADDRESS.fullmatch(text)
    return match is not None and _is_port(match["port"])


def _list(text: str) -> Parsed:
    return Parsed(split_list(text))


def _url(text: str) -> Parsed:
    return Parsed(text) if not text or _is_url(text) else Parsed(None, "no URL")


def _endpoints(text: str) -> Parsed:
    members = split_list(text)
    good = bool(members) and all(_is_url(one, ("http", "https")) for one in members)
    return Parsed(members) if good else Parsed(None, "no list of http://HOST:PORT")


def _hosts(text: str) -> Parsed:
    members = split_list(text)
    if members and all(one[0] not in "/@:" and is_address(one) for one in members):
        return Parsed(members)
    return Parsed(None, "no list of HOST:PORT")


def _is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) <= _LAST_PORT


def _is_url(text: str, schemes: tuple[str, ...] = ()) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    known = parts.scheme in schemes if schemes else bool(parts.scheme)
    return known and bool(parts.hostname) and not re.search(r"\s", text)


_READERS: Final = {
    Kind.BOOL: _bool,
    Kind.INVERTED: _inverted,
    Kind.INT: _int,
    Kind.MODE: _mode,
    Kind.ROUTE: _route,
    Kind.ADDRESSES: _addresses,
    Kind.LIST: _list,
    Kind.SECONDS: _seconds,
    Kind.DURATION: _duration,
    Kind.URL: _url,
    Kind.ENDPOINTS: _endpoints,
    Kind.HOSTS: _hosts,
}
