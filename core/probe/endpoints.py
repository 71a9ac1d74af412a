"""The servers that a workspace names: what kind each is, and where it listens. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from core.config.schema import IpfsTarget
from core.display import safe

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import Workspace

_PORTS = {"http": 80, "https": 443, "grpc": 2136, "grpcs": 2135}
_TLS = frozenset({"https", "grpcs"})
_REDIS = 6379
_HIGHEST = 65_535


class Endpoint(NamedTuple):
    """A server as seen from here. name: as rows show it, `kubo-1`; host: raw, not yet safe.

    url: its HTTP address, empty where it speaks no HTTP. tls: it must show a certificate; ca_file:
    who vouches for it, None for this host's own authorities.
    """

    name: str
    kind: str  # kubo, cluster, table, cache, gateway, s3
    host: str
    port: int
    url: str = ""
    tls: bool = False
    ca_file: Path | None = None

    @property
    def shown(self) -> str:
        """Return `kubo-1 10.0.0.4:5001`, safe to show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.name} {safe(host)}:{self.port}"


def endpoints(workspace: Workspace) -> list[Endpoint]:
    """Return every server of the workspace that this host has to reach, in the file's order."""
    target = workspace.target
    found: list[Endpoint | None] = []
    if isinstance(target, IpfsTarget):
        found += [_url(f"kubo-{i}", "kubo", url) for i, url in enumerate(target.kubo, 1)]
        found += [_url(f"cluster-{i}", "cluster", url) for i, url in enumerate(target.cluster, 1)]
        kind, _, rest = target.table.partition(":")
        if kind == "ydb":
            found.append(_url("table", "table", rest, target.table_ca_file))
        if target.cache is not None:
            found += [_pair(f"cache-{i}", e) for i, e in enumerate(target.cache.endpoints, 1)]
    found += [_url(safe(g.name), "gateway", _as_url(g.address)) for g in workspace.gateways]
    return [one for one in found if one is not None]


def _as_url(address: str) -> str:
    """Return a gateway's address as a URL; an address without a scheme is plain HTTP."""
    return address if "://" in address else f"http://{address}"


def _url(name: str, kind: str, url: str, ca_file: Path | None = None) -> Endpoint | None:
    """Return the server of an address, None for one that has no host, such as a unix socket."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or not port:
        return None
    http = url if parts.scheme in {"http", "https"} else ""
    return Endpoint(name, kind, parts.hostname, port, http, parts.scheme in _TLS, ca_file)


def _pair(name: str, endpoint: str) -> Endpoint | None:
    host, _, port = endpoint.rpartition(":")
    if not host:
        return Endpoint(name, "cache", endpoint.strip("[]"), _REDIS)
    return Endpoint(name, "cache", host.strip("[]"), int(port)) if _is_port(port) else None


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) <= _HIGHEST
