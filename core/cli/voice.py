"""Speaks to a terminal from a thread of its own.

A terminal stopped by Ctrl-S, or a hung SSH link, takes nothing, for hours; with `--foreground` the
engine runs in this process, and must not wait for it. What cannot be said is dropped, and counted.
"""

from __future__ import annotations

import os
import queue
import threading

_MOST_WAITING = 64
_LAST_WORDS_S = 2.0


class Voice:
    """Writes texts in order to a descriptor; `say` never waits. `hush` when done."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._texts: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._unsaid = 0
        self._thread = threading.Thread(target=self._speak, name="voice", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Have a text written, or dropped where 64 wait already."""
        if self._unsaid:
            text = f"\n({self._unsaid} lines that this terminal did not take)\n{text}"
        try:
            self._texts.put_nowait(text.encode(errors="replace"))
        except queue.Full:
            self._unsaid += 1
        else:
            self._unsaid = 0

    def hush(self) -> None:
        """Let what waits be written, for 2 s at most."""
        try:
            self._texts.put(None, timeout=_LAST_WORDS_S)
        except queue.Full:
            return
        self._thread.join(_LAST_WORDS_S)

    def _speak(self) -> None:
        while (text := self._texts.get()) is not None:
            while text:
                try:
                    # no stream: the interpreter cannot end while a thread holds a stream's lock
                    text = text[os.write(self._fd, text) :]
                except OSError:  # the terminal is gone; the job is not
                    break
