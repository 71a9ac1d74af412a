"""Somebody who changes a source while it is copied: a thread, a seed, a journal of every moment.

It has one hand: all changes are one after the other, so the journal is the truth.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.faults.journal import ETAG, TAGS, TYPE, Life, Moment, etag_of, write_new

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = (0, 1, 900, 4_096, 30_000)
WIDE = (1_100_000, 2_300_000)
WIDE_EVERY = 9
FOLDERS = 5
PAUSE_S = 0.0004


class Mutator:
    """Makes a bucket of `objects` keys, then changes them until it is told to stop.

    now: returns keys that are being read at this moment; most changes aim at them. moves: whether
    folders are moved, too.
    """

    def __init__(self, bucket: Path, seed: int, objects: int, *, moves: bool = True) -> None:
        self.done: Counter[str] = Counter()
        self.lives: dict[bytes, Life] = {}
        self.now: Callable[[], list[bytes]] = list
        self._bucket = bucket
        self._moves = moves
        self._scratch = bucket / ".sgwtmp"
        self._random = random.Random(seed)  # noqa: S311 - a fault run that can be repeated
        self._number = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mutator", daemon=True)
        self.error: BaseException | None = None
        self._scratch.mkdir(parents=True)
        os.setxattr(bucket, "user.acl", b'{"Owner":"AKOWNER","Grantees":[]}')
        for number in range(objects):
            self._make(f"d{number % FOLDERS}/k{number:04d}", wide=number % WIDE_EVERY == 0)

    def start(self) -> None:
        """Begin to change things, from what lies there now."""
        for life in self.lives.values():
            life.is_so()
        self._thread.start()

    def stop(self) -> None:
        """End, and raise what went wrong."""
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    @property
    def changes(self) -> int:
        """How many were made so far."""
        return self.done.total()

    def _make(self, key: str, *, wide: bool) -> None:
        life = Life(self._bucket / key)
        life.path.parent.mkdir(exist_ok=True)
        self.lives[key.encode()] = life
        self._fill(life, self._body(wide=wide))
        life.will_be()
        write_new(life.path, life.body or b"", life.attributes)
        life.is_so()

    def _body(self, *, wide: bool) -> bytearray:
        size = self._random.choice(WIDE if wide else SMALL)
        return bytearray(self._random.randbytes(size))

    def _fill(self, life: Life, body: bytearray) -> None:
        life.body = body
        life.attributes = {ETAG: etag_of(body), TYPE: b"text/plain"}

    def _run(self) -> None:
        acts = [act for act, often in self._acts() for _ in range(often)]
        try:
            while not self._stop.is_set():
                now = self.now() if self._random.random() < 0.8 else []
                aimed = [key for key in now if key in self.lives]
                key = self._random.choice(aimed or list(self.lives))
                life = self.lives[key]
                act = self._appear if life.body is None else self._random.choice(acts)
                act(life)
                self.done[act.__name__.strip("_")] += 1
                time.sleep(PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - raised again by stop(), in the test
            self.error = error

    def _acts(self) -> list[tuple[Callable[[Life], None], int]]:
        return [
            (self._overwrite, 6),
            (self._edit, 5),
            (self._edit_back, 3),
            (self._truncate, 2),
            (self._grow, 3),
            (self._delete, 1),
            (self._directory, 1),
            (self._loop, 1),
            (self._fifo, 1),
            (self._tag, 5),
            (self._link, 1),
            (self._move_parent, int(self._moves)),
        ]

    # Each act is a row of single calls, each noted before and after.

    def _overwrite(self, life: Life) -> None:
        """Replace it as the gateway does: a new file, linked beside the old, renamed over it."""
        wide = life.body is not None and len(life.body) > max(SMALL)
        fresh = self._body(wide=wide)
        self._fill(life, fresh)
        self._rename_over(life, lambda path: write_new(path, fresh, life.attributes))
        if self._random.random() < 0.5:
            self._tag(life)

    def _appear(self, life: Life) -> None:
        """Come back, where nothing or something else lies."""
        if life.path.is_dir() and not life.path.is_symlink():
            life.will_be()
            (life.path / "child").unlink(missing_ok=True)
            life.path.rmdir()
        self._overwrite(life)

    def _edit(self, life: Life) -> None:
        """Write into the middle of it."""
        body = _there(life)
        at = self._random.randrange(max(1, len(body)))
        piece = self._random.randbytes(self._random.choice((1, 100, 5_000)))
        body[at : at + len(piece)] = piece
        life.will_be()
        _write(life.path, piece, at)
        life.is_so()

    def _edit_back(self, life: Life) -> None:
        """Do so, and set its mtime back: only the ctime tells."""
        before = life.path.stat()
        self._edit(life)
        life.will_be()
        os.utime(life.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        life.is_so()

    def _truncate(self, life: Life) -> None:
        body = _there(life)
        del body[self._random.randrange(len(body) + 1) :]
        life.will_be()
        os.truncate(life.path, len(body))
        life.is_so()

    def _grow(self, life: Life) -> None:
        body = _there(life)
        piece = self._random.randbytes(self._random.choice((1, 700, 70_000)))
        at = len(body)
        body += piece
        life.will_be()
        _write(life.path, piece, at)
        life.is_so()

    def _delete(self, life: Life) -> None:
        life.body = None
        life.will_be()
        life.path.unlink()

    def _directory(self, life: Life) -> None:
        """Let a key below it take its place."""
        self._delete(life)
        life.path.mkdir()
        (life.path / "child").write_bytes(b"not planned")

    def _loop(self, life: Life) -> None:
        """Make it unreadable, also for root: a symlink to itself."""
        life.body = None
        life.will_be(readable=False)
        self._rename_over(life, lambda path: path.symlink_to(life.path), noted=True)

    def _fifo(self, life: Life) -> None:
        life.body = None
        self._rename_over(life, os.mkfifo)

    def _tag(self, life: Life) -> None:
        """Change attributes only, as the gateway does once the object is visible."""
        if TAGS in life.attributes and self._random.random() < 0.3:
            del life.attributes[TAGS]
            life.will_be()
            os.removexattr(life.path, TAGS)
        else:
            life.attributes[TAGS] = b'{"n":"%d"}' % self._random.randrange(1 << 30)
            life.will_be()
            os.setxattr(life.path, TAGS, life.attributes[TAGS])
        life.is_so()

    def _link(self, life: Life) -> None:
        """Give it a second name for a moment: stamps move, content does not."""
        second = self._scratch / "second"
        life.will_be()
        second.hardlink_to(life.path)
        life.is_so()
        life.will_be()
        second.unlink()
        life.is_so()

    def _move_parent(self, life: Life) -> None:
        """Move its folder away and back."""
        folder = life.path.parent
        away = folder.with_name(folder.name + ".away")
        inside = [one for one in self.lives.values() if one.path.parent == folder]
        now = [one.moments[-1] for one in inside]
        for one in inside:
            one.moments.append(Moment(None))
        folder.rename(away)
        time.sleep(PAUSE_S * self._random.randrange(4))
        for one, moment in zip(inside, now, strict=True):
            one.moments.append(moment)
        away.rename(folder)

    def _rename_over(
        self, life: Life, make: Callable[[Path], object], *, noted: bool = False
    ) -> None:
        self._number += 1
        new = life.path.with_name(f".{life.path.name}.sgwtmp.{10**17 + self._number}")
        make(new)
        if not noted:
            life.will_be()
        new.rename(life.path)
        life.is_so()


def _there(life: Life) -> bytearray:
    assert life.body is not None
    return life.body


def _write(path: Path, piece: bytes, at: int) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(fd, piece, at)
    finally:
        os.close(fd)
