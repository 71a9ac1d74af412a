"""Signature version 4 of reads without a body, by a signing key that is made once a day.

    signer = Signer(access, secret, region)
    signer.headers(request, host)   -> the header lines that go with the request

botocore takes twenty times as long for the same headers. May import secrets and its own room.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.secret import Secret
    from core.source.s3.request import Request

_EMPTY: Final = sha256(b"").hexdigest()
_SIGNED: Final = "host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date"
_FIXED: Final = (f"x-amz-content-sha256: {_EMPTY}", "x-amz-checksum-mode: ENABLED")
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


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
        self._access = access.reveal()
        self._secret = secret
        self._region = region
        self._clock_s = clock_s
        self._second = -1
        self._stamp = ""
        self._scope = ""
        self._key = b""

    def headers(self, request: Request, host: str) -> list[str]:
        """Return all header lines of a request. host: as the client will write it."""
        second = int(self._clock_s())
        if second != self._second:
            self._turn(second)
        canonical = (
            f"{request.method}\n{request.path}\n{request.query}\n"
            f"host:{host}\nx-amz-checksum-mode:ENABLED\nx-amz-content-sha256:{_EMPTY}\n"
            f"x-amz-date:{self._stamp}\n\n{_SIGNED}\n{_EMPTY}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{self._stamp}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        who = f"Credential={self._access}/{self._scope}"
        return [
            f"Authorization: {_ALGORITHM} {who}, SignedHeaders={_SIGNED}, Signature={signature}",
            f"x-amz-date: {self._stamp}",
            *_FIXED,
            *request.more,
        ]

    def _turn(self, second: int) -> None:
        """Take the clock's new second; with a new day comes a new key."""
        self._second = second
        self._stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day = self._stamp[:8]
        scope = f"{day}/{self._region}/s3/aws4_request"
        if scope == self._scope:
            return
        key = f"AWS4{self._secret.reveal()}".encode()
        for word in (day, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        self._scope, self._key = scope, key
