"""The process that command lines are forked from: `python -m tests.lab.forked CONTROL`.

It has loaded every command once. A child has its own arguments, environment, folder, stdin, stdout
and stderr, and leaves as an interpreter does; whoever ordered it is told its pid and its code.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import threading
import time
from typing import Final, NoReturn

ROOMS: Final = ("core.cli", "core.control", "core.probe", "core.iam")
ORDER_BYTES: Final = 150_000
FDS: Final = 4
"""What comes with an order: stdin, stdout, stderr, and where its end is told."""
FDS_AT_MOST: Final = 65_536
LOST_OUTPUT: Final = 120
"""The code of an interpreter that could not flush what it had to say."""


def main() -> None:
    """Fork a command at each order, until nobody is left who could give one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the suite and its commands
    _load()
    control = socket.socket(fileno=int(sys.argv[1]))
    told: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _events in selector.select():
                if key.fileobj is control:
                    pidfd, pid, tell = _begin(control)
                    told[pidfd] = pid, tell
                    selector.register(pidfd, selectors.EVENT_READ)
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _ended(*told.pop(key.fd))


def _load() -> None:
    """Import every command's module, and what they import when they run."""
    importlib.import_module("tui.main")
    for room in ROOMS:
        for found in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()  # a collection in a child would copy all of this


def _begin(control: socket.socket) -> tuple[int, int, int]:
    data, fds, _flags, _address = socket.recv_fds(control, ORDER_BYTES, FDS)
    if not data:
        sys.exit(0)
    pid = os.fork()
    if pid == 0:
        _become(json.loads(data), fds)
    *streams, tell = fds
    for fd in streams:
        os.close(fd)
    _say(tell, pid)
    return os.pidfd_open(pid), pid, tell


def _ended(pid: int, tell: int) -> None:
    _, status = os.waitpid(pid, 0)
    _say(tell, os.waitstatus_to_exitcode(status))
    os.close(tell)


def _say(tell: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(tell, b"%d\n" % number)


def _become(order: dict[str, object], fds: list[int]) -> NoReturn:
    from tui.main import main as vgwm  # noqa: PLC0415 - loaded long ago

    for at, fd in enumerate(fds[:3]):
        os.dup2(fd, at)
    os.closerange(3, FDS_AT_MOST)
    os.environ.clear()
    os.environ.update(_texts(order["env"]))
    time.tzset()
    os.chdir(str(order["cwd"]))
    sys.argv = ["vgwm", *_words(order["words"])]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        vgwm()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - as an interpreter that ends
        sys.excepthook(*sys.exc_info())
    _leave(code)


def _words(told: object) -> list[str]:
    assert isinstance(told, list)
    return [str(word) for word in told]


def _texts(told: object) -> dict[str, str]:
    assert isinstance(told, dict)
    return {str(name): str(value) for name, value in told.items()}


def _leave(code: int) -> NoReturn:
    """End as an interpreter does, but for taking apart what the parent had loaded."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for its threads
    atexit._run_exitfuncs()  # noqa: SLF001 - nothing public runs them and stays
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = LOST_OUTPUT
    os._exit(code)


if __name__ == "__main__":
    main()
