"""Requests are signed as botocore signs them, whatever bytes a key has."""

from __future__ import annotations

import calendar
import time
from urllib.parse import unquote_to_bytes, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from core.config.secret import Secret
from core.source.s3.request import Request, canonical_query, object_request
from core.source.s3.sign import Signer

ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:7070"
NOW_S = calendar.timegm(time.strptime("20261126T013425Z", "%Y%m%dT%H%M%SZ"))

keys = st.binary(min_size=1, max_size=60)


def _signed(request: Request) -> dict[str, str]:
    signer = Signer(Secret(ACCESS), Secret(SECRET), "eu-west-3", clock_s=lambda: NOW_S)
    lines = signer.headers(request, HOST)
    return dict(line.split(": ", 1) for line in lines)


def _by_botocore(request: Request) -> tuple[str, str]:
    """Return scope and signature."""
    theirs = AWSRequest(
        method=request.method,
        url=f"http://{HOST}{request.target}",
        headers={"x-amz-checksum-mode": "ENABLED"},
    )
    theirs.context["payload_signing_enabled"] = True
    auth = S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", "eu-west-3")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(NOW_S))
    theirs.context["timestamp"] = stamp
    scope = auth.scope(theirs)
    theirs.headers["X-Amz-Date"] = stamp
    theirs.headers["X-Amz-Content-SHA256"] = auth.payload(theirs)
    canonical = auth.canonical_request(theirs)
    text = auth.string_to_sign(theirs, canonical)
    return scope, auth.signature(text, theirs)


@given(key=keys, version=st.sampled_from([b"", b"null", b"01M82TCBGRT4GGFVVW68KGQABX"]))
def test_any_key_is_signed_as_botocore_signs_it(key: bytes, version: bytes) -> None:
    request = object_request(b"my-bucket.x", key, version)
    ours = _signed(request)["Authorization"]
    scope, signature = _by_botocore(request)
    assert f"Credential={scope}," in ours
    assert ours.endswith(f"Signature={signature}")


@given(key=keys)
def test_the_path_holds_every_byte_of_the_key(key: bytes) -> None:
    path = urlsplit(f"http://{HOST}{object_request(b'b', key).path}").path
    assert unquote_to_bytes(path) == b"/b/" + key
    # a server encodes the key anew to check the signature, and leaves only these as they are
    assert all(c.isascii() and (c.isalnum() or c in "-_.~/%") for c in path)


@given(st.lists(st.tuples(st.sampled_from(["a", "prefix", "list-type", "x"]), st.binary())))
def test_a_query_is_in_the_order_that_is_signed(pairs: list[tuple[str, bytes]]) -> None:
    query = canonical_query(pairs)
    parts = query.split("&") if query else []
    assert parts == sorted(parts)
    assert all(c.isalnum() or c in "-_.~%=&" for c in query)


def test_a_new_day_takes_a_new_key() -> None:
    clock = [NOW_S]
    signer = Signer(Secret(ACCESS), Secret(SECRET), "eu-west-3", clock_s=lambda: clock[0])
    request = object_request(b"b", b"k")
    first = signer.headers(request, HOST)
    assert signer.headers(request, HOST) == first
    clock[0] += 86_400
    second = signer.headers(request, HOST)
    fresh = Signer(Secret(ACCESS), Secret(SECRET), "eu-west-3", clock_s=lambda: clock[0])
    assert second == fresh.headers(request, HOST) != first


def test_i9_no_header_holds_the_secret() -> None:
    assert SECRET not in " ".join(_signed(object_request(b"b", b"k")).values())
