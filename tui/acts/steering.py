"""Who steers: one operator at a time holds the engine's lease; another's act takes it over."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.control.wire.state import Snapshot
    from tui.ui import Ui


def actor() -> str:
    """Return who is at the keys: sudo's caller, else the login."""
    asked = os.environ.get("VGWM_ACTOR") or os.environ.get("SUDO_USER")
    if asked:
        return asked
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's uid has no name
        return f"uid {os.getuid()}"


def other_holder(now: Snapshot | None, ui: Ui) -> str:
    """Return who holds the lease if it is somebody else than this operator; else empty."""
    lease = now.lease if now is not None else None
    return "" if lease is None or lease.holder == ui.actor else lease.holder
