"""Which values of a gateway's configuration are secrets. Pure; a doubtful one is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.config.legacy.keys import BY_INI, BY_NAME, BY_PATH
from core.config.legacy.values import Kind

if TYPE_CHECKING:
    from core.config.legacy.keys import Key

_WORDS: Final = r"SECRET|PASS(?!IVE|THR)|TOKEN|ROLE_?ID|PRIVATE|WEBHOOK|CREDENTIAL|API_?KEY"
_NAMES: Final = re.compile(rf"{_WORDS}|_REF$|HASH$", re.IGNORECASE)

_PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
# an assignment within a value: an open quote may have swallowed the lines below; a query, JSON
_ASSIGNED: Final = re.compile(
    rf"(?:{_WORDS})[\w-]{{0,40}}(?:\s{{0,9}}=\s{{0,9}}|['\"]\s{{0,9}}:\s{{0,9}})[^\s&]",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/\S*|aws:\S+")


def is_secret(name: str, value: str) -> bool:
    """Tell whether the value of this variable, INI name or YAML path is to be hidden."""
    if not value:
        return False
    if holds_secret(value):
        return True
    key = known_key(name)
    if key is not None:
        return key.kind is Kind.SECRET and not _REFERENCE.fullmatch(value)
    return bool(_NAMES.search(name)) and not _REFERENCE.fullmatch(value)


def holds_secret(value: str) -> bool:
    """Tell whether a value is a secret by itself, or has one in it.

    A private key, a URL with credentials, `password=..` within a text.
    """
    if _PRIVATE_KEY.search(value) or _ASSIGNED.search(value):
        return True
    return any(_has_credentials(part) for part in re.split(r"[,\s]", value) if "://" in part)


def known_key(name: str) -> Key | None:
    """Return the key of a variable, an INI name or a path, with or without `_ref`."""
    return BY_NAME.get(name) or BY_INI.get(name) or BY_PATH.get(name.removesuffix("_ref"))


def _has_credentials(url: str) -> bool:
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return True
