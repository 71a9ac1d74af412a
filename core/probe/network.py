"""The way from this host to each server: name, port, certificate, HTTP, round trip, loss."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.probe.endpoints import endpoints
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe
from core.probe.tls import certificate
from core.target.control_http import HEALTH_S, ControlHttp
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.config.schema import Workspace
    from core.probe.endpoints import Endpoint

TRIES: Final = 10
LOST_S: Final = 0.9
"""A connection that takes longer has lost its first packet: the kernel sends it again after 1 s."""

_BETWEEN_S: Final = 0.05
_SERVER_FAULT: Final = 500
_FIREWALL: Final = "Start it, or open its port for this host (firewall, security group, Docker)."
_ASKS: Final = {
    "kubo": ("POST", "/api/v0/version"),
    "cluster": ("GET", "/health"),
    "gateway": ("GET", "/"),
}


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions about the way to each server that vgwm.yaml names."""
    return [probe for one in endpoints(workspace) for probe in _of(one, depth)]


def _of(endpoint: Endpoint, depth: Depth) -> list[Probe]:
    found = [
        _probe("dns", endpoint, Depth.HEALTH, partial(look_up, endpoint.host)),
        _probe("tcp", endpoint, Depth.HEALTH, partial(connect, endpoint)),
    ]
    if endpoint.tls:
        found.append(_probe("tls", endpoint, Depth.HEALTH, partial(certificate, endpoint)))
    if depth is Depth.CHECK:
        found.append(_probe("rtt", endpoint, depth, partial(round_trips, endpoint)))
        if endpoint.url and endpoint.kind in _ASKS:
            found.append(_probe("http", endpoint, depth, partial(speak, endpoint)))
    return found


def _probe(
    check: str, endpoint: Endpoint, depth: Depth, ask: Callable[[], Awaitable[Finding]]
) -> Probe:
    return Probe(
        check=check,
        component=Component.NETWORK,
        depth=depth,
        ask=ask,
        endpoint=endpoint.shown,
        limit_s=HEALTH_LIMIT_S if depth is Depth.HEALTH else TRIES * (LOST_S + _BETWEEN_S) + 1,
        remedy=_FIREWALL,
    )


async def look_up(host: str) -> Finding:
    """Resolve a name, as every client here does."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return Finding(Verdict.PASS, "an address, no name to resolve")
    began_s = time.monotonic()
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        verdict = Verdict.UNKNOWN if error.errno == socket.EAI_AGAIN else Verdict.FAIL
        text = f"{safe(host)} does not resolve: {error.strerror}"
        return Finding(verdict, text, "Correct the name, /etc/hosts or the resolver of this host.")
    found = sorted({str(row[4][0]) for row in rows})
    took_ms = (time.monotonic() - began_s) * 1000
    return Finding(Verdict.PASS, f"{', '.join(found[:4])} in {took_ms:.0f} ms")


async def connect(endpoint: Endpoint) -> Finding:
    """Open a connection and close it again. A refusal is an answer; silence is none."""
    try:
        took_s = await _connect_once(endpoint)
    except ConnectionRefusedError:
        return Finding(Verdict.FAIL, "connection refused: nobody listens there", _FIREWALL)
    except socket.gaierror as error:
        return Finding(Verdict.UNKNOWN, f"no address: {error.strerror}", "See the row dns.")
    return Finding(Verdict.PASS, f"open, {took_s * 1000:.1f} ms")


async def round_trips(endpoint: Endpoint) -> Finding:
    """Connect TRIES times, and tell the round trip and how many first packets were lost."""
    took: list[float] = []
    for _ in range(TRIES):
        try:
            async with asyncio.timeout(LOST_S):
                took.append(await _connect_once(endpoint))
        except (OSError, TimeoutError):
            pass  # counted below, by its absence
        await asyncio.sleep(_BETWEEN_S)
    return judge_trips(took)


def judge_trips(took_s: list[float]) -> Finding:
    """Judge what of TRIES connections came about, and how fast. took_s: of those that did."""
    lost = TRIES - len(took_s)
    if not took_s:
        return Finding(Verdict.UNKNOWN, f"none of {TRIES} connections came about", _FIREWALL)
    ms = [s * 1000 for s in took_s]
    text = f"rtt {min(ms):.1f} / {median(ms):.1f} / {max(ms):.1f} ms, lost {lost} of {TRIES}"
    if not lost:
        return Finding(Verdict.PASS, text)
    remedy = "Look for errors on the links, a full queue or a half-open firewall on the way."
    return Finding(Verdict.FAIL if lost * 2 > TRIES else Verdict.WARN, text, remedy)


async def speak(endpoint: Endpoint) -> Finding:
    """Ask something small by HTTP; any answer but a server's fault will do."""
    method, path = _ASKS[endpoint.kind]
    http = ControlHttp(endpoint.name, endpoint.url)
    began_s = time.monotonic()
    try:
        answer = await http.call(method, path, limit_s=HEALTH_S)
    finally:
        await http.close()
    text = f"{method} {path} {answer.status} in {(time.monotonic() - began_s) * 1000:.0f} ms"
    if answer.status >= _SERVER_FAULT:
        return Finding(
            Verdict.FAIL, text, "Read the server's log, and that of any proxy before it."
        )
    return Finding(Verdict.PASS, text)


async def _connect_once(endpoint: Endpoint) -> float:
    """Return the seconds that a connection took to be made."""
    began_s = time.monotonic()
    _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    took_s = time.monotonic() - began_s
    writer.close()
    return took_s
