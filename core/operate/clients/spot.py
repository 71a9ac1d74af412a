"""A place in a client's configuration that names an endpoint, and what stands there for another.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from core.config.redact import HIDDEN
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.operate.clients.endpoint import Endpoint


class Form(Enum):
    """How an endpoint is written there."""

    URL = auto()
    BARE = auto()  # without a scheme it is TLS: rclone
    AUTHORITY = auto()  # host and port: s3cmd's host_base
    BUCKET_HOST = auto()  # the same behind something of a bucket: s3cmd's host_bucket
    FLAG = auto()  # s3cmd's use_https
    FLAG_LINE = auto()  # the line of that, where there is none
    LOGIN = auto()  # a URL with keys in it: MC_HOST_x


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Characters start to end of a text. label: what is set, such as `[default] host_base`."""

    start: int
    end: int
    label: str
    endpoint: Endpoint
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file of a known kind. odd: what it says of endpoints that cannot be read, by label."""

    tools: tuple[str, ...]
    spots: tuple[Spot, ...] = ()
    odd: tuple[str, ...] = ()


def moved(text: str, spots: Sequence[Spot], old: Endpoint, new: Endpoint) -> str:
    """Return the text with every spot that names `old` naming `new`; all else stays as it is."""
    pieces: list[str] = []
    at = 0
    for spot in _of(spots, old):
        pieces += [text[at : spot.start], _written(text[spot.start : spot.end], spot, new)]
        at = spot.end
    return "".join([*pieces, text[at:]])


def differences(text: str, spots: Sequence[Spot], old: Endpoint, new: Endpoint) -> list[str]:
    """Return what `moved` changes, a line before and after, and nothing else of a line (I9)."""
    lines = []
    for spot in _of(spots, old):
        was = text[spot.start : spot.end]
        now = _written(was, spot, new)
        if was == now:
            continue
        if was:
            lines.append(f"- {spot.label} = {_shown(was, spot)}")
        lines.append(f"+ {spot.label} = {_shown(now, spot)}")
    return lines


def is_bucket_host(text: str, endpoint: Endpoint) -> bool:
    """Tell whether s3cmd's host_bucket leads to an endpoint."""
    return bool(_tail(text, endpoint))


def means_tls(text: str) -> bool:
    """Return what s3cmd makes of a flag."""
    return text.strip().lower() in {"true", "yes", "on", "1"}


def _of(spots: Sequence[Spot], old: Endpoint) -> list[Spot]:
    ours = [spot for spot in spots if spot.endpoint == old]
    return sorted(ours, key=lambda spot: spot.start)


def _written(was: str, spot: Spot, new: Endpoint) -> str:
    match spot.form:
        case Form.URL:
            return new.url + ("/" if was.endswith("/") else "")
        case Form.AUTHORITY | Form.BARE:
            return new.authority if new.secure or spot.form is Form.AUTHORITY else new.url
        case Form.BUCKET_HOST:
            return was[: len(was) - len(_tail(was, spot.endpoint))] + new.authority
        case Form.FLAG:
            return was if means_tls(was) is new.secure else str(new.secure)
        case Form.FLAG_LINE:
            return was if new.secure else "use_https = False\n"
        case Form.LOGIN:
            login = was.partition("://")[2].rpartition("@")[0]
            return f"{new.scheme}://{login}@{new.authority}"


def _shown(text: str, spot: Spot) -> str:
    if spot.form is Form.FLAG_LINE:
        return text.strip().rpartition(" ")[2]
    if spot.form is Form.LOGIN:
        return safe(f"{text.partition('://')[0]}://{HIDDEN}@{text.rpartition('@')[2]}")
    return safe(text)


def _tail(text: str, endpoint: Endpoint) -> str:
    """Return what of a text's end names the endpoint: with its port, or with the scheme's own."""
    for name in (f"{endpoint.host}:{endpoint.port}", endpoint.authority):
        before = text[: len(text) - len(name)]
        if text.lower().endswith(name) and (not before or before.endswith(".")):
            return text[len(before) :]
    return ""
