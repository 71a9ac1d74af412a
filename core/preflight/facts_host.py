"""Facts of this host: its means, its disks, the programs on it. Blocking, each a moment.

May import the model and the judgements whose facts these are.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import time
from typing import TYPE_CHECKING

import psutil

from core.display import safe
from core.model import Unknown
from core.preflight.judge_host import HostFacts
from core.source.posix.opening import quiet_flag
from core.source.posix.source import PosixSource

if TYPE_CHECKING:
    from pathlib import Path

    from core.source.posix.config import PosixConfig


def host_facts(folder: Path) -> HostFacts:
    """Return what the host has. folder: of the workspace, whose disk is meant."""
    return HostFacts(
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=psutil.virtual_memory().total,
        disk_bytes=shutil.disk_usage(folder).total,
        nic_mbps=_nic_mbps(),
        nofile=_nofile(),
    )


def _nic_mbps() -> int | Unknown:
    """Return the speed of the fastest link that is up; virtual ones tell none, or nonsense."""
    links = psutil.net_if_stats()
    speeds = [one.speed for name, one in links.items() if one.isup and name != "lo" and one.speed]
    if speeds:
        return max(speeds)
    return Unknown(reason="no link tells its speed", since_ns=time.time_ns())


def _nofile() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 30


def free_bytes(folder: Path) -> int:
    """Return what may still be written below a folder, or below its nearest parent."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def same_disk(one: Path, other: Path) -> bool:
    """Tell whether two folders, or their nearest parents, lie on one file system."""
    return _device(one) == _device(other)


def _device(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev


def quiet_mount(config: PosixConfig) -> bool:
    """Tell whether no plain open moves an access time on the source's mounts.

    A root that is not there, such as an unmounted one, has no mount that could be quiet (I7).
    """
    there = os.path.isdir(config.root)  # noqa: PTH112 - raises nothing, whatever stands above it
    return there and quiet_flag(config.folders()) == 0


def refused_quietly(config: PosixConfig) -> str:
    """Return which folder may not be opened with O_NOATIME, in words; else "".

    Raises NoGatewayRoot where there is nothing to open.
    """
    source = PosixSource(config)
    paths = [os.fsencode(folder) for folder in config.folders()]
    paths += [source.root + b"/" + bucket.name for bucket in source.buckets()[0]]
    for path in paths:
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NOATIME | os.O_CLOEXEC))
        except PermissionError as error:
            if error.errno == errno.EPERM:
                return f"{safe(path)} cannot be read without changing its access time"
        except OSError:
            continue  # who walks will say what is wrong with it
    return ""
