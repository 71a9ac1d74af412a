"""Our signatures are those that botocore makes of the same requests."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.config.secret import Secret
from core.cutover.signing import Call, Signer

NOW = datetime(2026, 11, 26, 5, 30, 0, tzinfo=UTC)
ACCESS, SECRET = "AKSIGNED00000", "planted-and-never-shown"
HOST = "127.0.0.1:7071"

CALLS = [
    Call(method="GET", bucket="pool", key="plain"),
    Call(method="HEAD", bucket="pool", key="a b/+ü&=~%2F"),
    Call(method="PUT", bucket="pool", key="k", body=b"bytes", headers=(("content-type", "a/b"),)),
    Call(method="PUT", bucket="p", key="c", headers=(("x-amz-copy-source", "/p/%C3%BC"),)),
    Call(
        method="GET", bucket="p", query=(("prefix", "a b/ü"), ("list-type", "2"), ("uploads", ""))
    ),
    Call(method="PUT", bucket="p", key="m", headers=(("x-amz-meta-note", "two  blanks"),)),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_botocore_signs_the_same(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Signer(
        Secret(ACCESS),
        Secret(SECRET),
        "us-east-1",
        clock_s=lambda: calendar.timegm(NOW.timetuple()),
    ).headers(call, HOST)
    url = f"http://{HOST}{call.path}" + (f"?{call.query_text}" if call.query else "")
    request = AWSRequest(method=call.method, url=url, data=call.body, headers=dict(call.headers))
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)
    S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", "us-east-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


def test_no_secret_stands_in_what_is_sent() -> None:
    headers = Signer(Secret(ACCESS), Secret(SECRET), "us-east-1").headers(CALLS[0], HOST)
    assert SECRET not in str(headers)
