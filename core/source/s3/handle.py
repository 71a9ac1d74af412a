"""One curl handle: how it is set up for an endpoint, and what a request leaves in it.

pycurl carries no types: they end here. May import the errors, `display`, and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pycurl

from core.display import safe
from core.errors import BadInput
from core.source.s3.reply import Reply
from core.source.s3.sign import Signer

if TYPE_CHECKING:
    from core.source.s3.config import S3Config
    from core.source.s3.request import Request

CONNECT_MS: Final = 5_000
IDLE_S: Final = 30
SLOWEST_BYTES_S: Final = 64
"""An answer that brings less than this for so long has broken off.

At a byte a second it would never stand still, and a page of a listing take days.
"""

TOO_LARGE: Final = int(pycurl.E_FILESIZE_EXCEEDED)
STALLED: Final = int(pycurl.E_OPERATION_TIMEDOUT)
TLS_FAULTS: Final = frozenset(
    {
        int(pycurl.E_SSL_CONNECT_ERROR),
        int(pycurl.E_SSL_CERTPROBLEM),
        int(pycurl.E_SSL_CACERT),
        int(pycurl.E_SSL_CACERT_BADFILE),
        int(pycurl.E_SSL_CIPHER),
        int(pycurl.E_SSL_ISSUER_ERROR),
        int(pycurl.E_SSL_PINNEDPUBKEYNOTMATCH),
        int(pycurl.E_SSL_INVALIDCERTSTATUS),
    }
)
"""What no second try mends."""

_BUFFER_BYTES: Final = 128 << 10
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Door:
    """Where requests go, and whose keys sign them. Raises BadInput for what is no address."""

    def __init__(self, config: S3Config, *, idle_s: int = IDLE_S) -> None:
        self.config = config
        self.idle_s = idle_s
        try:
            parts = urlsplit(config.endpoint)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        extra = parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0 or extra:
            raise BadInput(
                what="this is no address of an S3 endpoint",  # not shown: it may hold a secret
                where="source.endpoint",
                remedy="Write http://HOST:PORT or https://HOST:PORT.",
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        named = port is not None and port != _DEFAULT_PORTS[parts.scheme]
        self.host = f"{host}:{port}" if named else host
        self.base = f"{parts.scheme}://{self.host}"
        self.tls = parts.scheme == "https"
        self.where = f"S3 endpoint {safe(self.base)}"
        access, secret = config.keys()
        self.signer = Signer(access, secret, config.region)

    def bucket(self, name: bytes) -> str:
        """Return the words for a bucket in a message."""
        return f"bucket {safe(name)} at {safe(self.base)}"


class Handle:
    """A curl handle and what came through it. ticket: whatever its user wants to know again."""

    __slots__ = ("_door", "_head", "_limit", "_parts", "curl", "lines", "ticket")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._head = False
        self._limit = 0
        self.lines: list[bytes] = []
        self._parts: list[bytes] = []
        self.ticket: Any = None
        self.curl = _made(door)
        self.curl.setopt(pycurl.HEADERFUNCTION, self.lines.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._parts.append)

    def prepare(self, request: Request, limit_bytes: int) -> None:
        """Set the handle to a request. limit_bytes: a longer answer breaks off with TOO_LARGE."""
        curl = self.curl
        self.lines.clear()
        self._parts.clear()
        curl.setopt(pycurl.URL, self._door.base + request.target)
        curl.setopt(pycurl.HTTPHEADER, self._door.signer.headers(request, self._door.host))
        head = request.method == "HEAD"
        if head != self._head:
            self._head = head
            curl.setopt(pycurl.NOBODY, 1 if head else 0)
            if not head:
                curl.setopt(pycurl.HTTPGET, 1)
        if limit_bytes != self._limit:
            self._limit = limit_bytes
            curl.setopt(pycurl.MAXFILESIZE_LARGE, limit_bytes)

    def reply(self, code: int = 0, why: str = "") -> Reply:
        """Return what came. code, why: the client's fault, 0 for none."""
        if code:
            return Reply(0, list(self.lines), b"", code, why)
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()  # not with the next request: until then they would be held twice
        return Reply(self.curl.getinfo(pycurl.RESPONSE_CODE), list(self.lines), body)


def _made(door: Door) -> Any:  # noqa: ANN401 - pycurl has no types
    """Return a curl handle that speaks to the endpoint alone: no proxy, no redirect, no files."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS if door.tls else pycurl.PROTO_HTTP)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROXY, "")  # a proxy of the shell's stands between nobody
    curl.setopt(pycurl.PATH_AS_IS, 1)  # `a/../b` is a key
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, CONNECT_MS)
    curl.setopt(pycurl.LOW_SPEED_LIMIT, SLOWEST_BYTES_S)
    curl.setopt(pycurl.LOW_SPEED_TIME, door.idle_s)
    curl.setopt(pycurl.BUFFERSIZE, _BUFFER_BYTES)
    if door.tls:
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        curl.setopt(pycurl.CAINFO, str(door.config.authority()))
    return curl
