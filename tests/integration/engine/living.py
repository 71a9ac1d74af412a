"""A gateway tree that does not stand still: one bucket without versions, one with; a seed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Literal

from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.source.posix.names import hash_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.knobs import Knobs

SIZES = (0, 1, 700, 5_000, 1_200_000)
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Living:
    """Changes a tree by one hand. base: folder of all of it, workspaces and targets too.

    versions: what their workspaces do with old versions.
    """

    def __init__(
        self,
        base: Path,
        seed: int,
        objects: int,
        *,
        versions: Literal["archive", "skip"] = "archive",
    ) -> None:
        self.root, self.versions = base / "gw", base / "old"
        self.base = base
        self._archives = versions
        self.done: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - the same every time
        self._made = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self.versions.mkdir(parents=True)
        self._bucket("plain", {})
        self._bucket("kept", {"versioning": b"\x01"})
        for _ in range(objects):
            self._add()
            self._put_version()

    def workspace(self, name: str, knobs: Knobs) -> Path:
        """Make a workspace of this tree and a directory of that name; return its folder."""
        folder = self.base / f"{name}.ws"
        folder.mkdir()
        place = Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=self.root, versioning_dir=self.versions),
            target=DirTarget(path=self.base / name),
            versions=self._archives,
            knobs=knobs,
        )
        write(folder / FILE_NAME, place)
        return folder

    def change(self, times: int) -> None:
        """Change something so often."""
        for _ in range(times):
            self._one()

    def start(self) -> None:
        """Go on changing things in a thread."""
        self._thread = threading.Thread(target=self._run, name="living", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stand still; raise what went wrong."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._one()
                time.sleep(0.002)
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self._error = error

    def _one(self) -> None:
        acts: list[Callable[[], None]] = [
            *[self._add] * 3,
            *[self._overwrite] * 4,
            *[self._same_tick] * 2,
            self._same_bytes,
            self._edit_back,
            *[self._tag] * 3,
            *[self._delete] * 2,
            self._rename,
            *[self._put_version] * 3,
            self._marker,
            self._drop_version,
            self._tag_version,
            self._replace_by_folder,
            self._settings,
        ]
        act = self._random.choice(acts)
        act()
        self.done[act.__name__.strip("_")] += 1

    # The bucket without versions

    def _add(self) -> None:
        self._made += 1
        folder = "/".join(self._random.choice("abc") for _ in range(self._random.randrange(3)))
        self._write(self.root / "plain" / folder / f"k{self._made:05d}", self._body())

    def _overwrite(self) -> None:
        if path := self._some("plain"):
            self._write(path, self._body())

    def _same_tick(self) -> None:
        """Put other bytes of the same length over it, and give them the old one's mtime."""
        if path := self._some("plain"):
            seen = path.stat()
            self._write(path, self._random.randbytes(seen.st_size), stamp_ns=seen.st_mtime_ns)

    def _same_bytes(self) -> None:
        if path := self._some("plain"):
            self._write(path, path.read_bytes())

    def _edit_back(self) -> None:
        """Change its bytes in place and set its mtime back: only the ctime tells."""
        path = self._some("plain")
        if path and (size := path.stat().st_size):
            seen = path.stat()
            body = self._random.randbytes(size)
            path.write_bytes(body)
            self._etag(path, body)
            os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def _tag(self) -> None:
        if path := self._some("plain"):
            self._tags(path)

    def _delete(self) -> None:
        if path := self._some("plain"):
            path.unlink()

    def _rename(self) -> None:
        folders = sorted(
            p for p in (self.root / "plain").iterdir() if p.is_dir() and p.name[0] != "."
        )
        if folders:
            self._made += 1
            self._random.choice(folders).rename(self.root / "plain" / f"moved{self._made}")

    def _replace_by_folder(self) -> None:
        """Let a key below it take its place."""
        if path := self._some("plain"):
            path.unlink()
            path.mkdir()
            self._write(path / "below", self._body())

    # The bucket with versions

    def _put_version(self) -> None:
        old = self._some("kept") if self._random.random() < 0.7 else None
        if old is None:
            self._made += 1
            old = self.root / "kept" / f"v{self._made:05d}"
        else:
            self._archive(old)
        self._write(old, self._body(), version=self._ulid())

    def _marker(self) -> None:
        if path := self._some("kept"):
            self._archive(path)
            self._write(path, b"", version=self._ulid(), marker=True)

    def _drop_version(self) -> None:
        found = sorted(p for p in (self.versions / "kept").rglob("*") if p.is_file())
        if found:
            self._random.choice(found).unlink()

    def _tag_version(self) -> None:
        if path := self._some("kept"):
            self._tags(path)

    def _settings(self) -> None:
        self._made += 1
        bucket = self.root / self._random.choice(("plain", "kept"))
        os.setxattr(bucket, "user.X-Amz-Tagging", json.dumps({"n": str(self._made)}).encode())

    def _archive(self, path: Path) -> None:
        version = os.getxattr(path, "user.version-id").decode()
        key = path.relative_to(self.root / "kept").as_posix().encode()
        folder = self.versions / "kept" / os.fsdecode(hash_folder(key))
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / version)

    # Its hands

    def _bucket(self, name: str, attributes: dict[str, bytes]) -> None:
        path = self.root / name
        (path / ".sgwtmp").mkdir(parents=True)
        marks = {"acl": b'{"Owner":"AKOWNER","Grantees":[]}', **attributes}
        for attribute, value in marks.items():
            os.setxattr(path, f"user.{attribute}", value)

    def _some(self, bucket: str) -> Path | None:
        inside = (self.root / bucket).rglob("*")
        found = sorted(p for p in inside if p.is_file() and ".sgwtmp" not in p.parts)
        return self._random.choice(found) if found else None

    def _body(self) -> bytes:
        return self._random.randbytes(self._random.choices(SIZES, (3, 3, 8, 8, 1))[0])

    def _write(
        self,
        path: Path,
        body: bytes,
        *,
        stamp_ns: int | None = None,
        version: str = "",
        marker: bool = False,
    ) -> None:
        """Put it as the gateway does: a new file in its own folder, renamed into its place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._made += 1
        bucket = path.relative_to(self.root).parts[0]
        new = self.root / bucket / ".sgwtmp" / f"n{self._made}"
        new.write_bytes(body)
        if marker:
            os.setxattr(new, "user.delete-marker", b"true")
        else:
            self._etag(new, body)
        if self._random.random() < 0.2:
            os.setxattr(new, "user.odd", b"never seen")
        if version:
            os.setxattr(new, "user.version-id", version.encode())
        if stamp_ns is not None:
            os.utime(new, ns=(stamp_ns, stamp_ns))
        new.rename(path)

    def _etag(self, path: Path, body: bytes) -> None:
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        os.setxattr(path, "user.etag", f'"{digest}"'.encode())
        os.setxattr(path, "user.content-type", b"text/plain")

    def _tags(self, path: Path) -> None:
        """Set a tag, and now and then something that no target shows, or nothing of that."""
        self._made += 1
        for name in ("user.odd", "user.expires"):
            if name in os.listxattr(path):
                os.removexattr(path, name)
            elif self._random.random() < 0.4:
                os.setxattr(path, name, b"never seen")
        os.setxattr(path, "user.X-Amz-Tagging", json.dumps({"n": str(self._made)}).encode())

    def _ulid(self) -> str:
        """Return a version id that sorts behind all before it."""
        self._made += 1
        number, text = 1_700_000_000_000 + self._made, ""
        for _ in range(10):
            text = _DIGITS[number % 32] + text
            number //= 32
        return text + "".join(self._random.choice(_DIGITS) for _ in range(16))
