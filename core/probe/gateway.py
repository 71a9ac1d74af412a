"""Questions to gateways: any S3 endpoint, asked as a client asks. Read-only at both depths.

`/health` of a gateway is a constant and optional, so what is asked is signed. Source: guide.md 2.3.
"""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.config.schema import S3Source
from core.config.secret import Secret
from core.display import safe
from core.errors import BadInput, Denied
from core.probe.endpoints import Endpoint
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe
from core.probe.s3 import S3Login, S3Place, reading
from core.probe.tls import certificate
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.config.schema import Workspace
    from core.probe.s3 import S3Reader

CHECK_LIMIT_S: Final = 10.0

_START: Final = "Start the gateway, or correct its address in vgwm.yaml."
_KEYS: Final = (
    "Name an account's keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment."
)
_WRONG_KEYS: Final = (
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "AccessDenied",
    "XAdminUserNotFound",
    "refused: 401",
    "refused: 403",
)
"""What an endpoint says to keys that are wrong."""

_LOOKED_AT: Final = 5
_RANGE_BYTES: Final = 1024
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"http": 80, "https": 443}


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions to the gateways of a workspace, and to its source if that is S3."""
    return [probe for one in places(workspace) for probe in place_probes(one, depth)]


def places(workspace: Workspace) -> list[S3Place]:
    """Return the S3 endpoints that a workspace names; an address without a scheme is plain HTTP."""
    found = [
        S3Place(
            name=safe(one.name),
            url=one.address if "://" in one.address else f"http://{one.address}",
            is_source=one.side == "blue",
        )
        for one in workspace.gateways
    ]
    source = workspace.source
    if isinstance(source, S3Source):
        login = S3Login(access_key_ref=source.access_key_ref, secret_ref=source.secret_ref)
        found.append(
            S3Place(
                name="source",
                url=source.endpoint,
                login=login,
                region=source.region,
                is_source=True,
            )
        )
    return found


def place_probes(place: S3Place, depth: Depth) -> list[Probe]:
    """Return the questions to one endpoint, as `health gateway --endpoint` names it."""
    found = [
        _probe("tls", place, depth, partial(_tls, place)),
        _probe("signed", place, depth, partial(_signed, place)),
    ]
    if depth is Depth.CHECK:
        found.append(_probe("refuses", place, depth, partial(_refuses, place)))
    return found


def _probe(
    check: str, place: S3Place, depth: Depth, ask: Callable[[], Awaitable[Finding]]
) -> Probe:
    return Probe(
        check=check,
        component=Component.GATEWAY,
        depth=depth,
        ask=ask,
        endpoint=f"{place.name} {safe(place.url)}",
        limit_s=HEALTH_LIMIT_S if depth is Depth.HEALTH else CHECK_LIMIT_S,
        remedy=_START,
    )


async def _tls(place: S3Place) -> Finding:
    parts = urlsplit(place.url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        if host in _HERE:
            return Finding(Verdict.PASS, "plain HTTP, on this host only")
        return Finding(
            Verdict.WARN,
            "plain HTTP: whoever stands on the way reads along",
            "Start it with --cert and --key, or keep it behind a proxy with TLS.",
        )
    port = parts.port or _PORTS["https"]
    return await certificate(
        Endpoint(place.name, "gateway", host, port, place.url, tls=True, ca_file=place.authority)
    )


async def _signed(place: S3Place) -> Finding:
    """List, HEAD and GET with an account's signature; say how long each took."""
    try:
        access, secret = place.login.resolve()
    except BadInput as error:
        return Finding(Verdict.UNKNOWN, error.what, _KEYS)
    async with reading(place, access, secret) as s3:
        began_s = time.monotonic()
        buckets = await s3.buckets()
        listed_ms = (time.monotonic() - began_s) * 1000
        told = f"{len(buckets)} buckets, GET of their list {listed_ms:.0f} ms"
        if not buckets:
            return Finding(Verdict.PASS, f"{told}; no bucket to ask further")
        return Finding(Verdict.PASS, f"{told}; {await _objects(s3, buckets, place)}")


async def _objects(s3: S3Reader, buckets: list[str], place: S3Place) -> str:
    """HEAD and GET the first object of the first buckets that have one; a source's only HEAD."""
    for bucket in buckets[:_LOOKED_AT]:
        key = await s3.first_key(bucket)
        if key is None:
            continue
        began_s = time.monotonic()
        size_bytes = await s3.head(bucket, key)
        head_s = time.monotonic() - began_s
        if place.is_source:
            return f"HEAD {head_s * 1000:.0f} ms of an object; none is read of a source"
        if size_bytes:
            await s3.get_first(bucket, key, min(size_bytes, _RANGE_BYTES))
        get_s = time.monotonic() - began_s - head_s
        return f"HEAD {head_s * 1000:.0f} ms, GET {get_s * 1000:.0f} ms of an object"
    began_s = time.monotonic()
    await s3.head_bucket(buckets[0])
    took_ms = (time.monotonic() - began_s) * 1000
    return f"HEAD {took_ms:.0f} ms of a bucket; no object in the first {_LOOKED_AT}"


async def _refuses(place: S3Place) -> Finding:
    """Ask with two wrong secrets: an endpoint that answers both believes anybody.

    Only a word about keys refuses: another error says nothing of signatures (I7).
    """
    try:
        access, _ = place.login.resolve()
    except BadInput:
        access = Secret(secrets.token_hex(10))
    for _ in range(2):
        try:
            async with reading(place, access, Secret(secrets.token_hex(20))) as s3:
                await s3.buckets()
        except Denied as error:
            if any(word in error.what for word in _WRONG_KEYS):
                return Finding(Verdict.PASS, "a wrong secret is refused")
            told = f"asked with a wrong secret it says nothing of keys: {error.what}"
            return Finding(Verdict.UNKNOWN, told, error.remedy)
    return Finding(
        Verdict.FAIL,
        "a wrong secret is let in",
        "Take whatever stands before it away: it answers without checking signatures.",
    )
