"""Which way back is shown and asked for: as the command's options say it."""

from __future__ import annotations

import shlex
from typing import Final, NamedTuple

QUICK: Final = "quick"
FULL: Final = "full"
DATA: Final = "data"


class Back(NamedTuple):
    """A way back. origin, to: of `data`, the copy of blue's tree and the new folder for it."""

    way: str = QUICK
    origin: str = ""
    to: str = ""

    @property
    def options(self) -> str:
        """The options of `vgwm rollback`, each after a blank; "" for quick."""
        if self.way == QUICK:
            return ""
        folders = f" --backup-location {shlex.quote(self.origin)} --to {shlex.quote(self.to)}"
        return f" --{self.way}{folders if self.way == DATA else ''}"


BY_DEFAULT: Final = Back()
