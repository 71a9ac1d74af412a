"""`health` and `check`: the registry's questions, asked all at once, answered as they come.

The registry itself stands in `core.probe.registry`, where the engine's assessment finds it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.probe.probe import ask_all
from core.probe.registry import probes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from core.config.schema import Workspace
    from core.probe.probe import Depth
    from core.verdict import Answer, Component

__all__ = ["answers", "probes"]


async def answers(
    workspace: Workspace, depth: Depth, components: Collection[Component]
) -> AsyncIterator[Answer]:
    """Yield the answers about these components; empty: about all."""
    wanted = [p for p in probes(workspace, depth) if not components or p.component in components]
    async for answer in ask_all(wanted):
        yield answer
