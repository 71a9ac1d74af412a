"""httpx without its own command line, which imports rich, click and pygments: 50 ms of a start.

httpx goes without where those are not installed; a None in `sys.modules` tells it so (Python's
`import` statement: "ModuleNotFoundError is raised").
"""

from __future__ import annotations

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # documented, not in typeshed

import httpx  # noqa: E402 - the line above must come first

__all__ = ["httpx"]
