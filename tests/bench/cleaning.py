"""Removing what runs made: the very last act, because it slows file creation down for a while."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.settings import Settings

_NAME = re.compile(r"vgwm-bench-(\d+)")


def run_name() -> str:
    """Return the name of this process's folders."""
    return f"vgwm-bench-{os.getpid()}"


def remove_runs(settings: Settings) -> None:
    """Remove this run's folders, and those of runs that were killed."""
    bases = {settings.folder.parent}
    if settings.tmpfs is not None:
        bases.add(settings.tmpfs.parent)
    for base in bases:
        for folder in ended_runs(base):
            _remove(folder)
        if base.is_dir() and base.name == ".bench" and not any(base.iterdir()):
            base.rmdir()


def ended_runs(base: Path) -> Iterator[Path]:
    """Yield the folders of runs that nobody works on: of this process, and of dead ones."""
    for folder in base.iterdir():
        named = _NAME.fullmatch(folder.name)
        if named is None:
            continue
        pid = int(named[1])
        if pid == os.getpid() or not Path(f"/proc/{pid}").exists():
            yield folder


def _remove(folder: Path) -> None:
    program = shutil.which("rm")
    if program is None:
        shutil.rmtree(folder)
    else:  # millions of files: three times as fast
        subprocess.run([program, "-rf", "--", str(folder)], check=True)  # noqa: S603 - our folder
