"""Makes a small gateway tree, migrates it to a directory, and reads every object back.

On a terminal the copy is watched in the dashboard, elsewhere by plain lines.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from core import display
from core.dag import cid as cids
from core.dag.car_reading import CarIndex
from core.dag.manifest import Manifest
from core.dag.reading import read_file
from core.target.dir_store import DirStore
from tests.demo.tree import DemoTree, grow

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(".demo")
WORKSPACE, TARGET = HERE / "ws", HERE / "out"


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)  # noqa: T201 - this is a command


def main() -> int:
    """Run the whole demo; return its exit code."""
    began_s = time.monotonic()
    if HERE.exists():
        vgwm("engine", "stop", check=False, quiet=True)
        shutil.rmtree(HERE)
    say("1  making a VersityGW tree below .demo/source")
    tree = grow(HERE.absolute() / "source")
    mode = "sidecar files" if tree.sidecar else "extended attributes"
    say(f"   {len(tree.sums):,} objects, {tree.old_versions} old versions, metadata in {mode}")
    say("2  a workspace")
    vgwm(
        "init",
        "--source",
        f"posix:{tree.root}",
        "--target",
        f"dir:{TARGET.absolute()}",
        "--versioning-dir",
        str(tree.versions),
        *(("--sidecar", str(tree.sidecar)) if tree.sidecar else ()),
    )
    say("3  the plan: one walk, read-only")
    vgwm("plan", "--plain")
    say("4  the copy")
    copy()
    say("5  reading every object back by its CID, from the CAR files alone")
    equal, versions = read_back(tree)
    vgwm("engine", "stop", quiet=True)
    say("")
    say(f"{len(tree.sums):,} objects migrated, {equal:,} read back equal")
    say(f"{tree.old_versions:,} old versions archived, {versions:,} read back from the manifests")
    say(f"in {time.monotonic() - began_s:.0f} s, {display.size(tree.size_bytes)}")
    say("")
    say("to try next:")
    say(f"   .venv/bin/vgwm -w {WORKSPACE}            the terminal application")
    say(f"   .venv/bin/vgwm -w {WORKSPACE} plan show  the plan, what the target cannot show")
    say(f"   .venv/bin/vgwm -w {WORKSPACE} status     the counters")
    say(f"   .venv/bin/vgwm -w {WORKSPACE} verify     is it all there, and do its bytes hash")
    say(f"   .venv/bin/vgwm -w {WORKSPACE} report     what was proved, item by item")
    say(f"   ls {TARGET}/bundles                  the CAR files, named by their roots")
    return 0 if (equal, versions) == (len(tree.sums), tree.old_versions) else 1


def vgwm(*words: str, check: bool = True, quiet: bool = False) -> int:
    """Run one command of ours on the demo's workspace."""
    if not quiet:
        say(f"   $ vgwm {' '.join(_with_workspace(words))}")
    command = [str(Path(sys.executable).with_name("vgwm")), *_with_workspace(words)]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        check=False,
        capture_output=quiet,
        stdin=None if _watched(words) else subprocess.DEVNULL,
    )
    if check and done.returncode:
        raise SystemExit(done.returncode)
    return done.returncode


def copy() -> None:
    """Copy, watched in the dashboard where there is a terminal."""
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        vgwm("copy", "--plain", "--workers", "2")
        return
    vgwm("copy", "--detach", "--workers", "2")
    say("   the dashboard opens; g m shows the copy, q leaves it, the copy goes on")
    time.sleep(1.5)  # for the reader's eye
    vgwm()
    vgwm("copy", "--plain")


def read_back(tree: DemoTree) -> tuple[int, int]:
    """Return how many objects and old versions came back with the bytes that they had."""
    rows = defaultdict(list)
    with closing(sqlite3.connect(TARGET / "objects.db")) as table:
        found = table.execute("SELECT bucket, s3_key, cid, metadata FROM versitygw_objects")
        for bucket, key, cid, metadata in found:
            root = json.loads(metadata)["pin"]["root"]
            rows[root].append(((bucket, key), cids.parse(cid)))
    store = DirStore(TARGET)
    equal = versions = 0
    for root in store.roots():
        with (TARGET / "bundles" / f"{cids.text(root)}.car").open("rb") as file:
            car = CarIndex(file)
            for name, cid in rows[cids.text(root)]:
                body = b"".join(read_file(cid, car.get))
                equal += hashlib.sha256(body).hexdigest() == tree.sums.get(name)
            for entry in Manifest.parse(store.manifest(root).decode()).entries:
                if entry.version and entry.cid is not None:
                    body = b"".join(read_file(entry.cid, car.get))
                    versions += body.startswith(b"first thoughts")
    return equal, versions


def _with_workspace(words: Sequence[str]) -> list[str]:
    return [*words, "-w", str(WORKSPACE)]


def _watched(words: Sequence[str]) -> bool:
    return not words


if __name__ == "__main__":
    sys.exit(main())
