"""The process that workers are forked from: it has loaded all they need, and has one thread.

Loading takes a worker 0.16 s of CPU, a fork 2 ms; on a small machine ten workers would take the
first second of a copy. It knows two requests, by `fork_server`: fork a worker, and tell how one
ended. It leaves when the coordinator does, and so do the workers, each by its own pipe.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from typing import Final, NamedTuple

from core.engine.crew.fork_wire import ENDED, REPLY, REQUEST

# loaded here so that no worker has to
from core.engine.verifying import bytes_process
from core.engine.worker import carry, walk
from core.engine.worker import process as worker

LOADED: Final = (bytes_process, carry, walk)


class Birth(NamedTuple):
    """What a forked worker is told: its pipe and its slot."""

    pipe_fd: int
    slot: int


def serve(orders: socket.socket) -> Birth | None:
    """Fork as ordered. Returns None when the coordinator is gone; in each worker, its birth."""
    while True:
        request, fds, _, _ = socket.recv_fds(orders, REQUEST.size, 1)
        if len(request) < REQUEST.size:
            return None
        what, number = REQUEST.unpack(request)
        if what == ENDED:
            _, status = os.waitpid(number, 0)
            orders.send(REPLY.pack(os.waitstatus_to_exitcode(status)))
            continue
        try:
            pid = os.fork()
        except OSError as error:
            pid = -(error.errno or 1)
        if pid == 0:
            return Birth(fds[0], number)
        os.close(fds[0])
        orders.send(REPLY.pack(pid))


def main(orders_fd: int, board_fd: int) -> None:
    """Serve the coordinator, or become a worker."""
    # a Ctrl-C at the terminal is the coordinator's business
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # a collection in a worker must not copy pages that all share
    with socket.socket(fileno=orders_fd) as orders:
        birth = serve(orders)
    if birth is not None:
        worker.main(birth.pipe_fd, board_fd, birth.slot)


if __name__ == "__main__":
    main(*(int(arg) for arg in sys.argv[1:3]))
