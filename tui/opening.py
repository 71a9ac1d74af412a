"""What stands around the application: the workspace that it opens on, the words on leaving it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput
from tui.acts.said import way_back
from tui.linked import LinkState

if TYPE_CHECKING:
    from tui.facts.link import EngineLink

WORKSPACE_FILE = "vgwm.yaml"
EXIT_NO_ENGINE = 3


def folder_of(workspace: Path | None) -> Path:
    """Return the workspace's folder; None is VGWM_WORKSPACE, else the current folder.

    Raises BadInput if that is none.
    """
    path = (workspace or Path(os.environ.get("VGWM_WORKSPACE") or Path.cwd())).absolute()
    if not (path / WORKSPACE_FILE).is_file():
        raise BadInput(
            what="there is no workspace",
            where=safe(os.fsencode(path)),
            remedy="Name one with -w DIR, or make it with: vgwm init -w DIR",
        )
    return path


def left(link: EngineLink, path: Path, code: int) -> int:
    """Say on stdout what goes on and how to come back; return the exit code."""
    lives = link.now().state is not LinkState.GONE
    if code == 0:
        text = way_back(link.snapshot, command=f"vgwm -w {path}", engine_lives=lives)
        os.write(1, f"{text}\n".encode())
    return code if code or lives else EXIT_NO_ENGINE
