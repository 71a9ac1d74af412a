"""What we replace or override of Textual, each pinned by a hash of its source.

Another hash means another Textual: the writer is then left alone (more bytes, same screen), and a
test fails, so that an upgrade is looked at.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, NamedTuple

from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Pin(NamedTuple):
    """A function of Textual and the first 16 digits of the sha256 of its source."""

    name: str
    function: Callable[..., object]
    digest: str


def digest_of(function: Callable[..., object]) -> str:
    """Return the digest of a function's source; empty if there is none to read."""
    try:
        source = inspect.getsource(function)
    except OSError:
        return ""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


# Read at import, before anything is replaced.
WRITER: Sequence[Pin] = (
    Pin("ChopsUpdate.render_segments", ChopsUpdate.render_segments, "4c1cdb567e0b8354"),
    Pin("LayoutUpdate.render_segments", LayoutUpdate.render_segments, "ff329c722506c983"),
)
OVERRIDDEN: Sequence[Pin] = (
    Pin("App._fatal_error", App._fatal_error, "2474616cec7fa94d"),  # noqa: SLF001 - overridden in app.py
    Pin("App._display", App._display, "4b78dff6669a455c"),  # noqa: SLF001 - what calls our writer
    Pin("LinuxDriver.__init__", LinuxDriver.__init__, "671887bbf938d1d8"),
)


def is_known(pins: Sequence[Pin]) -> bool:
    """Whether every function is the one that ours was written for."""
    return all(digest_of(pin.function) == pin.digest for pin in pins)
