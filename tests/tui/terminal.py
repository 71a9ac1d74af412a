"""A terminal for the application: a child process in a pty, and a reader that counts bytes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
CHILD = """
import sys
from pathlib import Path
from tui.app import run
sys.exit(run(Path(sys.argv[1]), low_data=sys.argv[2] == "low"))
"""


SPY = (
    """
import json, os, signal, sys
from pathlib import Path
from tui import app
class Spy(app.Terminal):
    def on_mount(self):
        signal.signal(signal.SIGUSR1, self.tell)
        (Path(sys.argv[1]) / "pid").write_text(str(os.getpid()))
        super().on_mount()
    def tell(self, *_):
        path = Path(sys.argv[1]) / "told"
        told = {
            "shown": self.panel.shown.text(),
            "low_data": self.ui.low_data,
            "bytes_out": self._driver.meter.bytes_out,
        }
        path.with_suffix(".new").write_text(json.dumps(told))
        path.with_suffix(".new").rename(path)
app.Terminal = Spy
"""
    + CHILD
)
"""An application that tells on SIGUSR1 what it holds."""


class Told(msgspec.Struct):
    """What a spy tells."""

    shown: str
    low_data: bool
    bytes_out: int


def ask(workspace: Path) -> Told:
    """Ask the spy of a workspace."""
    file = workspace / "told"
    file.unlink(missing_ok=True)
    os.kill(int((workspace / "pid").read_text()), signal.SIGUSR1)
    end_s = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end_s
        time.sleep(0.005)
    return msgspec.json.decode(file.read_bytes(), type=Told)


def environment(home: Path, **more: str) -> dict[str, str]:
    """A scrubbed environment; the application's own files under home."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TERM": "xterm-16color",
        "LANG": "C.UTF-8",
        "USER": "tester",
        **more,
    }


class Terminal:
    """A running application: what it wrote, when; keys to it."""

    def __init__(self, child: subprocess.Popen[bytes], master: int) -> None:
        self.child = child
        self.master = master
        self.chunks: list[tuple[float, bytes]] = []
        self.over = threading.Event()
        self.reads = threading.Event()
        self.reads.set()
        self.began_s = time.monotonic()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self.over.is_set():
            self.reads.wait()
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(self.master, 65_536)
            except OSError:
                return
            if not data:
                return
            self.chunks.append((time.monotonic(), data))

    @property
    def written(self) -> bytes:
        return b"".join(data for _, data in list(self.chunks))

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def bytes_between(self, begin_s: float, end_s: float) -> int:
        return sum(len(data) for at_s, data in list(self.chunks) if begin_s <= at_s < end_s)

    def until(self, holds: Callable[[], object], what: str, within_s: float = 60.0) -> None:
        end_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end_s, f"{what}: {self.written[-2_000:]!r}"
            time.sleep(0.02)

    def until_written(self, text: bytes, since: int = 0) -> None:
        self.until(lambda: text in self.written[since:], f"never wrote {text!r}")

    def close(self) -> None:
        """Close the terminal, as a window is closed."""
        if not self.over.is_set():
            self.over.set()
            self.reads.set()
            self._reader.join()
            os.close(self.master)

    def end(self, within_s: float = 5.0) -> int:
        """Wait for the child's end and return its exit code, as a shell would say it."""
        code = self.child.wait(within_s)
        return 128 - code if code < 0 else code


@contextlib.contextmanager
def opened(
    workspace: Path,
    home: Path,
    *,
    size: tuple[int, int] = (80, 24),
    low_data: bool = False,
    code: str = CHILD,
    **more: str,
) -> Iterator[Terminal]:
    """Open the application on a workspace in a terminal of this size."""
    master, slave = pty.openpty()
    width, height = size
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    child = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(workspace), "low" if low_data else "full"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env=environment(home, **more),
        preexec_fn=own_terminal,  # noqa: PLW1509 - no thread of this process holds a lock here
    )
    os.close(slave)
    terminal = Terminal(child, master)
    try:
        yield terminal
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        child.wait(10)
        terminal.close()
