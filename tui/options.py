"""How the application looks and listens: from the command line, the environment, the workspace."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from tui import keys, themes
from tui.glyphs import Glyphs, is_unicode
from tui.keys import Keymap

_ON = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the application looks and listens."""

    look: themes.Look
    low_data: bool = False
    unicode: bool = False
    keymap: Keymap = field(default_factory=Keymap)


def chosen(*, low_data: bool | None, theme: str, glyphs: Glyphs) -> Options:
    """Return the options; what is not given comes from VGWM_LOW_DATA, VGWM_THEME and NO_COLOR.

    Raises BadInput for a theme or keys file with mistakes, and for a theme that there is not.
    """
    if low_data is None:
        low_data = os.environ.get("VGWM_LOW_DATA", "").lower() in _ON
    look = themes.load(theme or os.environ.get("VGWM_THEME") or themes.DEFAULT)
    if os.environ.get("NO_COLOR"):
        look = themes.without_colour(themes.load(themes.MONO))
    return Options(
        look=look,
        low_data=low_data,
        unicode=is_unicode(glyphs),
        keymap=keys.load(keys.config_path()),
    )
