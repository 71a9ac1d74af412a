"""The address at which S3 clients reach a gateway. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from core.display import safe
from core.errors import BadInput

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Scheme, host and port; a port is always there, so that equal endpoints are equal.

    host: lower case, an IPv6 address in brackets.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Return `host`, or `host:port` where the port is not the scheme's own."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Return it as a URL without a slash at its end."""
        return f"{self.scheme}://{self.authority}"

    @property
    def secure(self) -> bool:
        """Tell whether it speaks TLS."""
        return self.scheme == "https"


def parse(text: str, *, where: str) -> Endpoint:
    """Read an endpoint such as `https://s3.example.org:7070`. where: who named it.

    Raises BadInput, in which user name and password of the text do not stand.
    """
    found = read(text)
    if found is None:
        raise BadInput(
            what=f"{_without_login(text)} is no endpoint of S3",
            where=where,
            remedy="Write scheme, host and port, such as https://s3.example.org:7070; no path,"
            " no user name, no password.",
        )
    return found


def read(text: str, *, scheme: str = "") -> Endpoint | None:
    """Return an endpoint, None for what is none. scheme: of a text that names none."""
    try:
        parts = urlsplit(text if "://" in text or not scheme else f"{scheme}://{text}")
        port = parts.port
    except ValueError:
        return None
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if not bare or parts.scheme not in _PORTS or not _HOST.fullmatch(host) or port == 0:
        return None
    return Endpoint(
        scheme=parts.scheme, host=host, port=_PORTS[parts.scheme] if port is None else port
    )


def _without_login(text: str) -> str:
    before, at, after = text.rpartition("@")
    return safe(f"{before.partition('://')[0]}://[secret]@{after}" if at else text)
