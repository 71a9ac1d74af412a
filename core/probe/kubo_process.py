"""Whether a Kubo on this host was started with `--enable-gc`: no API tells, its arguments do.

Imported blocks that are not pinned yet die in a collection.
"""

from __future__ import annotations

import socket
import threading
from typing import Final, NamedTuple

import psutil

from core.probe.probe import Finding
from core.verdict import Verdict

FLAG: Final = "--enable-gc"
_ASK: Final = "Look there: ps -o args -C ipfs. It must run without --enable-gc during the copy."
_OFF: Final = "Restart Kubo without --enable-gc for the copy: it removes blocks before their pin."


class Daemon(NamedTuple):
    """A Kubo process of this host. ports: where it listens, empty where we may not look."""

    arguments: tuple[str, ...]
    ports: frozenset[int] = frozenset()

    @property
    def collects(self) -> bool:
        """Whether it was told to collect garbage."""
        return any(a == FLAG or a in {f"{FLAG}=true", f"{FLAG}=1"} for a in self.arguments)


class ProcessTable:
    """The Kubo daemons of this host, read once for all nodes that are asked about together."""

    def __init__(self) -> None:
        self._found: list[Daemon] | None = None
        self._one_at_a_time = threading.Lock()

    def daemons(self) -> list[Daemon]:
        """Return them. Blocks while it reads the processes, or waits for who does."""
        with self._one_at_a_time:
            if self._found is None:
                self._found = daemons()
            return self._found


def collects(host: str, port: int, table: ProcessTable) -> Finding:
    """Judge the Kubo that listens at an address. Blocks while it reads the process table."""
    if not is_here(host):
        return Finding(Verdict.UNKNOWN, "it runs on another host, and no API tells", _ASK)
    return judge(table.daemons(), port)


def judge(found: list[Daemon], port: int) -> Finding:
    """Judge the daemons of this host, of which one may be known to listen at the port."""
    hidden = [one for one in found if not one.ports]
    mine = [one for one in found if port in one.ports] or hidden
    if not mine:
        return Finding(Verdict.UNKNOWN, "no Kubo process is seen there", _ASK)
    collecting = sum(one.collects for one in mine)
    if collecting == len(mine):
        return Finding(Verdict.FAIL, f"its process has {FLAG}", _OFF)
    if collecting:
        text = f"{collecting} of {len(mine)} Kubo processes here have {FLAG}; which is it?"
        return Finding(Verdict.UNKNOWN, text, _ASK)
    return Finding(Verdict.PASS, f"its process runs without {FLAG}")


def daemons() -> list[Daemon]:
    """Return the Kubo daemons of this host; those in containers, too."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != "ipfs":
            continue
        arguments = _arguments(process)
        if "daemon" in arguments[1:]:
            found.append(Daemon(arguments, _ports(process)))
    return found


def is_here(host: str) -> bool:
    """Tell whether an address is this host's own."""
    try:
        named = {str(row[4][0]) for row in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    own = {one.address for card in psutil.net_if_addrs().values() for one in card}
    return any(name in own or name.startswith("127.") for name in named)


def _arguments(process: psutil.Process) -> tuple[str, ...]:
    try:
        return tuple(process.cmdline())
    except psutil.Error:
        return ()  # it has ended


def _ports(process: psutil.Process) -> frozenset[int]:
    try:
        listening = process.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return frozenset()  # another user's
    return frozenset(c.laddr.port for c in listening if c.status == psutil.CONN_LISTEN)
