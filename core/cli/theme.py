"""The screens' themes by name: what `--theme` may be, and where an operator's own stand."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from core.display import safe
from core.errors import BadInput


def names() -> list[str]:
    """Return the shipped themes' names."""
    files = (file.name for file in resources.files("themes").iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def config_folder() -> Path:
    """Return where an operator's own themes stand."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "vgwm" / "themes"


def check(name: str) -> None:
    """Raise BadInput unless there is a theme of this name, whether or not a screen will open."""
    if name not in _known():
        raise no_theme(name)


def no_theme(name: str) -> BadInput:
    """Return the refusal of a name that no theme has; it lists those that there are."""
    return BadInput(
        what=f"{safe(name)} is no theme",
        where="--theme",
        remedy=f"There are: {safe(' '.join(_known()))}.",
    )


def _known() -> list[str]:
    own = (path.stem for path in config_folder().glob("*.yaml"))
    return sorted({*names(), *own})
