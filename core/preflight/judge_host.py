"""Judgements of this host: its means, access times, programs, backups. Pure.

May import what makes figures readable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.display import age, count, size
from core.model import GIB, Unknown
from core.preflight.judged import FAIL, PASS, UNKNOWN, WARN, Judged

CORES: Final = 4
MEMORY_BYTES: Final = 8 * 10**9
DISK_BYTES: Final = 100 * 10**9
NIC_MBPS: Final = 1_000
NOFILE_WANTED: Final = 4_096
NOFILE_LEAST: Final = 1_024
DOCKER: Final = (20, 10)
COMPOSE: Final = (2, 0)
BACKUP_AGE_S: Final = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What the host has. memory, disk: bytes. nic_mbps: of the fastest link that is up.

    nofile: the soft limit of the process that copies, or will.
    """

    cores: int
    memory_bytes: int
    disk_bytes: int
    nic_mbps: int | Unknown
    nofile: int


def host(facts: HostFacts) -> Judged:
    """Judge the host against what the guide asks for (L74), and the limit on open files."""
    nic = facts.nic_mbps
    told = (
        f"{facts.cores} cores, {facts.memory_bytes / GIB:.1f} GiB memory, "
        f"{size(facts.disk_bytes)} disk, "
        f"{'link speed unknown' if isinstance(nic, Unknown) else f'{count(nic)} Mbps'}, "
        f"nofile {count(facts.nofile)}"
    )
    if facts.nofile < NOFILE_LEAST:
        return Judged(FAIL, told, "Raise the limit: LimitNOFILE=65536 of the unit, or ulimit -n.")
    less = [
        name
        for name, small in (
            ("cores", facts.cores < CORES),
            ("memory", facts.memory_bytes < MEMORY_BYTES),
            ("disk", facts.disk_bytes < DISK_BYTES),
            ("link", not isinstance(nic, Unknown) and nic < NIC_MBPS),
            ("nofile", facts.nofile < NOFILE_WANTED),
        )
        if small
    ]
    if less:
        return Judged(
            WARN,
            told,
            f"Less than the guide asks for: {', '.join(less)}. It works, and takes longer.",
        )
    if isinstance(nic, Unknown):
        return Judged(UNKNOWN, told, "Measure the link: vgwm check network --bandwidth 10s.")
    return Judged(PASS, told)


class Missing:
    """A program that is not there."""


MISSING: Final = Missing()


def docker(engine: str | Missing, compose: str | Missing) -> Judged:
    """Judge the programs that `target deploy --up` uses. engine, compose: their versions as told.

    A program that is not here is unknown, not missing: the nodes may live on other hosts.
    """
    if isinstance(engine, Missing) or isinstance(compose, Missing):
        lacks = "docker" if isinstance(engine, Missing) else "docker compose"
        return Judged(
            UNKNOWN,
            f"{lacks} does not answer here",
            "Only target deploy --up needs it: install it, or start the rendered files by hand.",
        )
    have = (_version(engine), _version(compose))
    told = f"docker {engine}, compose {compose}"
    if None in have:
        return Judged(UNKNOWN, f"{told}: no versions to compare", "Look at docker version.")
    if have[0] < DOCKER or have[1] < COMPOSE:  # type: ignore[operator]  # None was sorted out
        return Judged(WARN, told, "Upgrade to Docker 20.10 and Compose 2, or newer.")
    return Judged(PASS, told)


def _version(text: str) -> tuple[int, int] | None:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else None


def atime(*, quiet_mount: bool, refused: str) -> Judged:
    """Judge whether reading leaves access times alone (I6).

    quiet_mount: mounted noatime or read-only. refused: what cannot be read without, in words.
    """
    if quiet_mount:
        return Judged(PASS, "mounted noatime or read-only")
    if refused:
        return Judged(
            FAIL,
            refused,
            "Remount the source with noatime, or run as the gateway's user or root.",
        )
    return Judged(PASS, "opened with O_NOATIME")


def backups(age_s: float | None, name: str) -> Judged:
    """Judge the newest backup of the configuration. age_s: None where there is none."""
    if age_s is None:
        return Judged(WARN, "no backup of the configuration", "vgwm config backup makes one.")
    told = f"{name}, {age(age_s)} old"
    if age_s > BACKUP_AGE_S:
        return Judged(WARN, told, "It is older than 7 days: vgwm config backup makes a new one.")
    return Judged(PASS, told)
