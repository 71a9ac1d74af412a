"""Signature version 4 of any S3 request whose body is at hand: writes, too. Pure but for the clock.

    Signer(access, secret, region).headers(call, host)   -> the headers that go with the call

`core.source.s3.sign` is faster and signs reads alone.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.secret import Secret

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_KEPT: Final = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An S3 request, path style. key: "" for the bucket itself. query: decoded names and values.

    headers: names in lower case; `host` and `x-amz-*` of the signature are the signer's.
    """

    method: str
    bucket: str
    key: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """Return its path as it goes over the wire: encoded once, slashes kept."""
        below = f"/{quote(self.key, safe=_KEPT + '/')}" if self.key else ""
        return f"/{quote(self.bucket, safe=_KEPT)}{below}"

    @property
    def query_text(self) -> str:
        """Return its query as it goes over the wire, sorted as the signature wants it."""
        pairs = sorted((quote(k, safe=_KEPT), quote(v, safe=_KEPT)) for k, v in self.query)
        return "&".join(f"{name}={value}" for name, value in pairs)


class Signer:
    """Signs for one account in one region. clock_s: UTC seconds."""

    def __init__(
        self,
        access: Secret,
        secret: Secret,
        region: str,
        *,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._secret = secret
        self._region = region
        self._clock_s = clock_s

    def headers(self, call: Call, host: str, *, digest: str | None = None) -> dict[str, str]:
        """Return all headers of a call, signed. host: as the client will write it.

        digest: what stands for the body that goes out in pieces; None: its own hash.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock_s()))
        digest = digest or sha256(call.body).hexdigest()
        found = dict(call.headers)
        found |= {"host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        names = sorted(found)
        lines = "".join(f"{name}:{' '.join(found[name].split())}\n" for name in names)
        signed = ";".join(names)
        canonical = f"{call.method}\n{call.path}\n{call.query_text}\n{lines}\n{signed}\n{digest}"
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(stamp[:8]), text.encode(), "sha256").hex()
        who = f"Credential={self._access.reveal()}/{scope}"
        told = f"{_ALGORITHM} {who}, SignedHeaders={signed}, Signature={signature}"
        return {**found, "authorization": told}

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self._secret.reveal()}".encode()
        for word in (day, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        return key
