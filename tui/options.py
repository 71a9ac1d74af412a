"""How the application looks and listens: from the command line, the environment, the workspace."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from tui import keys
from tui.keys import Keymap
from tui.terminal import themes
from tui.terminal.glyphs import Glyphs, is_unicode

if TYPE_CHECKING:
    from pathlib import Path

_ON = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the application looks and listens."""

    look: themes.Look
    low_data: bool = False
    unicode: bool = False
    keymap: Keymap = field(default_factory=Keymap)


def chosen(path: Path, *, low_data: bool | None, theme: str, glyphs: Glyphs) -> Options:
    """Return the options; what is not given comes from VGWM_LOW_DATA, VGWM_THEME and NO_COLOR.

    path: of the workspace's file, whose `low_data` holds where neither says anything. Raises
    BadInput for a theme or keys file with mistakes, and for a theme that there is not.
    """
    if low_data is None:
        asked = os.environ.get("VGWM_LOW_DATA", "")
        low_data = asked.lower() in _ON if asked else _of_workspace(path)
    look = themes.load(theme or os.environ.get("VGWM_THEME") or themes.DEFAULT)
    if os.environ.get("NO_COLOR"):
        look = themes.without_colour(themes.load(themes.MONO))
    return Options(
        look=look,
        low_data=low_data,
        unicode=is_unicode(glyphs),
        keymap=keys.load(keys.config_path()),
    )


def _of_workspace(path: Path) -> bool:
    """Return the workspace's own `low_data`. What is wrong in that file is the engine's to say."""
    with suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        return isinstance(read, dict) and read.get("low_data") is True
    return False
