"""Who answered a client: told by the name that each gateway writes into its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.front.call import SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

BLUE = "blue"
GREEN = "green"


def side(headers: Mapping[str, str]) -> str:
    """Return the side, "" where neither gateway answered but a load balancer itself."""
    name = headers.get("server", "").lower()
    if name == SERVER:
        return GREEN
    return BLUE if "versity" in name else ""
