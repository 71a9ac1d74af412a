"""Secrets taken out of text before it is logged, stored or shown (I9).

What one can be recognised by: a value that was resolved in this process, its place (URL, header,
signed query, a member named like a secret), or its shape (a private key). A doubtful match is
removed, too. Pure but for the set of known values, which only grows.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from core.dag.canonical import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN: Final = "[secret]"

_SHORTEST: Final = 4  # a shorter value would blot out ordinary text
_NAMES: Final = (
    r"secret|passw(?:or)?d|passwd|passphrase|token|credentials?|private[_-]?key|api[_-]?key"
)
_HEADERS: Final = r"(?:proxy-)?authorization|x-amz-security-token|x-vault-token|cookie|set-cookie"

_PLACES: Final = (
    re.compile(
        r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----).*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
    # scheme://user:password@host; the user name goes, too: it may be a token
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@'\"]*(@)", re.IGNORECASE),
    # the rest of the line, for the value has spaces: Basic .., AWS4-HMAC-SHA256 Credential=..
    re.compile(rf"(\b(?:{_HEADERS})['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+(['\"]?)", re.IGNORECASE),
    re.compile(r"(\b(?:Basic|Bearer)\s+)[A-Za-z0-9+/=._~-]{6,}()"),
    re.compile(
        r"(\b(?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|Credential)"
        r"(?:=|%3D))[^\s&'\",;]+()",
        re.IGNORECASE,
    ),
    # NAME=value, name: value, "name": "value"; not a reference to a secret, nor what is hidden
    re.compile(
        rf"((?:{_NAMES})[\w-]{{0,40}}?(?<!_ref)(?:\\?['\"])?\s{{0,9}}[:=]\s{{0,9}}(?:\\?['\"])?)"
        r"(?!(?:env|file|aws):|\[secret(?: [0-9a-f]{4})?\])[^\s'\"&,;}\\]+()",
        re.IGNORECASE,
    ),
)


class _Known:
    """The secret values that this process has seen, in the spellings in which they travel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def remember(self, value: str) -> None:
        if len(value) < _SHORTEST:
            return
        encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
        spellings = {value, quote(value, safe=""), quote(value), quote_plus(value), encoded}
        with self._lock:
            if spellings <= self._spellings:
                return
            self._spellings |= spellings
            self._pattern = None

    def remove(self, text: str) -> str:
        with self._lock:
            # compiled here, not at each new value: a gateway's store holds thousands
            if self._pattern is None and self._spellings:
                # longest first: a secret may begin with another one
                ordered = sorted(self._spellings, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, ordered)))
            pattern = self._pattern
        return text if pattern is None else pattern.sub(HIDDEN, text)


_KNOWN: Final = _Known()

remember: Callable[[str], None] = _KNOWN.remember
"""remember(value): take this value out of every later text, wherever it stands."""


def redact(text: str) -> str:
    """Return text without secrets: each is replaced by `[secret]`. Idempotent."""
    text = _KNOWN.remove(text)
    for place in _PLACES:
        text = place.sub(rf"\1{HIDDEN}\2", text)
    return text


def redact_json(text: str) -> str:
    """Return JSON without secrets in its texts, still JSON, canonical; else as `redact` does."""
    try:
        return dumps(_redacted(json.loads(text)))
    except ValueError:
        return redact(text)


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(one) for one in value]
    if isinstance(value, dict):
        return {name: _redacted(one) for name, one in value.items()}
    return value
