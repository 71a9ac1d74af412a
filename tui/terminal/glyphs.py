"""Which glyphs this terminal can show: ASCII unless it is known to take more.

Under LANG=C Python itself says utf-8 and sets LC_CTYPE, so neither tells; its utf8_mode does.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum


class Glyphs(StrEnum):
    """What an operator asked for."""

    AUTO = "auto"
    ASCII = "ascii"
    UNICODE = "unicode"


def is_unicode(asked: Glyphs) -> bool:
    """Whether bars and graphs may use more than ASCII."""
    if asked is not Glyphs.AUTO:
        return asked is Glyphs.UNICODE
    if sys.flags.utf8_mode == 1 and not os.environ.get("PYTHONUTF8"):
        return False
    stderr = sys.__stderr__
    if stderr is None or (stderr.encoding or "").lower().replace("-", "") != "utf8":
        return False
    return os.environ.get("TERM") != "linux"
