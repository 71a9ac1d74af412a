"""Whether a request bears the account's signature, version 4, in its header."""

from __future__ import annotations

import hmac
import re
import time
from calendar import timegm
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from tests.lab.front.call import Call

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
SKEW_S: Final = 900
_FORM: Final = re.compile(
    rf"{ALGORITHM} Credential=(?P<access>[^/]+)/(?P<scope>[^,]+),\s*"
    r"SignedHeaders=(?P<names>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


def check(call: Call, access: str, secret: str) -> None:
    """Raise S3Fault unless the account signed this request within the last 15 minutes."""
    found = _FORM.fullmatch(call.headers.get("Authorization", ""))
    if found is None:
        raise S3Fault("AccessDenied")
    if found["access"] != access:
        raise S3Fault("InvalidAccessKeyId")
    stamp = call.headers.get("x-amz-date", "")
    scope = found["scope"].split("/")
    if len(scope) != 4 or not stamp.startswith(scope[0]):
        raise S3Fault("AuthorizationHeaderMalformed")
    if abs(_seconds(stamp) - time.time()) > SKEW_S:
        raise S3Fault("RequestTimeTooSkewed")
    digest = sha256(_canonical(call, found["names"]).encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{found['scope']}\n{digest}"
    key = f"AWS4{secret}".encode()
    for word in scope:
        key = hmac.digest(key, word.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), found["signature"]):
        raise S3Fault("SignatureDoesNotMatch")


def _seconds(stamp: str) -> int:
    try:
        return timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise S3Fault("AuthorizationHeaderMalformed") from error


def _canonical(call: Call, names: str) -> str:
    encoded = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in call.pairs
    )
    query = "&".join(f"{name}={value}" for name, value in encoded)
    lines = "".join(
        f"{name}:{' '.join(','.join(call.request.headers.getall(name, [])).split())}\n"
        for name in names.split(";")
    )
    payload = call.headers.get("x-amz-content-sha256", UNSIGNED)
    return f"{call.method}\n{call.path}\n{query}\n{lines}\n{names}\n{payload}"
