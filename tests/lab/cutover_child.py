"""A program of its own that brings a workspace's load balancers to `blue_ro` and says what came.

On mounts of its own, or as another user once all is loaded: `cutover_child.py FILE [UID]`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - loaded while this user may still read it
import json
import os
import sys
from pathlib import Path

from core.config.workspace import parse
from core.cutover.balancers import fleet
from core.cutover.fleet import Way
from core.cutover.mode import Mode, Side


async def main(text: str) -> None:
    """Print {"ready": [[NAME, WHY]..], "outcome", "troubles": [[NAME, WHY]..]}."""
    all_of_them = fleet(parse(text))
    ready = await all_of_them.ready("1")
    moved = await all_of_them.reach((), Mode.BLUE_RO, "1", Way(writer=Side.BLUE, back=Mode.BLUE))
    told = {"ready": ready, "outcome": moved.outcome, "troubles": moved.troubles}
    print(json.dumps(told))  # noqa: T201 - the program's answer


if __name__ == "__main__":
    workspace = Path(sys.argv[1]).read_text()
    if sys.argv[2:]:
        os.setgroups([])
        os.setgid(int(sys.argv[2]))
        os.setuid(int(sys.argv[2]))
    asyncio.run(main(workspace))
