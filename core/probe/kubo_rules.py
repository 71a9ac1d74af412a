"""What a Kubo node's answers are worth. Pure. Source: ipfs.md 12 and 13, guide.md 7."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from core.display import size
from core.probe.probe import Finding
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from core.target.kubo import KuboId, KuboSettings, RepoRoom

OLDEST: Final = (0, 40)
"""The oldest Kubo that this was tried with."""

_TIGHT: Final = 0.9
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
_ADDRESS: Final = re.compile(r"/ip[46]/([^/]+)/")


def judge_version(node_id: str, version: str) -> Finding:
    """Judge a version such as `0.42.0`."""
    text = f"{version}, id {node_id}"
    found = _VERSION.match(version)
    if found is None:
        return Finding(Verdict.UNKNOWN, f"{text}: no version known", "Use a released Kubo.")
    if (int(found[1]), int(found[2])) < OLDEST:
        return Finding(Verdict.WARN, text, "Bring Kubo to 0.40 or newer.")
    return Finding(Verdict.PASS, text)


def judge_room(room: RepoRoom) -> Finding:
    """Judge a repository against its own limit: passed, its peer leaves the allocation."""
    text = f"{size(room.used_bytes)} of StorageMax {size(room.max_bytes)}"
    if room.used_bytes >= room.max_bytes:
        return Finding(Verdict.FAIL, text, "Raise Datastore.StorageMax, or add a node.")
    if room.used_bytes >= _TIGHT * room.max_bytes:
        return Finding(
            Verdict.WARN, text, "Raise Datastore.StorageMax before the copy fills it up."
        )
    return Finding(Verdict.PASS, text)


def judge_exposure(reached_at: AbstractSet[str], who: KuboId, settings: KuboSettings) -> Finding:
    """Judge who can reach the RPC. reached_at: the addresses by which we do.

    Public is one that we reach at an address of the internet, or that listens on all addresses of a
    host that has such a one.
    """
    world = sorted(host for host in reached_at if _is_public(host))
    if world:
        text = f"reached at {world[0]}, an address of the internet"
        return Finding(Verdict.WARN, text, _PRIVATE)
    listens = [_host(address) for address in settings.api]
    own = sorted(host for host in map(_host, who.addresses) if _is_public(host))
    open_to = [host for host in listens if _is_public(host)]
    if open_to:
        return Finding(Verdict.WARN, f"listens on {open_to[0]}", _PRIVATE)
    if own and any(host in {"0.0.0.0", "::"} for host in listens):  # noqa: S104 - compared, not bound
        text = f"listens on all addresses, and the host has {own[0]}"
        return Finding(Verdict.WARN, text, _PRIVATE)
    return Finding(Verdict.PASS, f"listens on {', '.join(listens) or 'nothing'}, reached privately")


_PRIVATE: Final = "Bind the RPC to a private address, or fence its port: it asks for no password."


def judge_peering(
    others: AbstractSet[str], unheard: int, linked: AbstractSet[str], settings: KuboSettings
) -> Finding:
    """Judge the links to the other nodes. others: their ids; unheard: of how many none is known."""
    here, kept = len(others & linked), len(others & settings.peering)
    text = f"connected to {here} of {len(others) + unheard} others, {kept} in Peering.Peers"
    remedy = "Name all other nodes in Peering.Peers: links do not come back by themselves."
    if here < len(others) or kept < len(others):
        return Finding(Verdict.WARN, text, remedy)
    if unheard:
        return Finding(
            Verdict.UNKNOWN, f"{text}; {unheard} did not answer", "See the rows of those nodes."
        )
    return Finding(Verdict.PASS, text)


def judge_providing(settings: KuboSettings) -> Finding:
    """Judge what slows a copy or shuts the cluster out. provides None: Kubo's default, which is on.

    Routing `none` announces nothing whatever Provide says.
    """
    if settings.guarded:
        remedy = (
            "Remove API.Authorizations: the cluster cannot authenticate to Kubo. Fence the RPC by "
            "network instead."
        )
        return Finding(Verdict.WARN, "API.Authorizations is set", remedy)
    provides = settings.provides is not False
    text = f"Provide.Enabled {str(provides).lower()}, Routing.Type {settings.routing or 'auto'}"
    if provides and settings.routing != "none":
        remedy = (
            "On a private network set Provide.Enabled false, Routing.Type none: announcing every "
            "block slows the copy."
        )
        return Finding(Verdict.WARN, text, remedy)
    return Finding(Verdict.PASS, text)


def _host(multiaddr: str) -> str:
    found = _ADDRESS.match(f"{multiaddr}/")
    return found[1] if found else ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False
