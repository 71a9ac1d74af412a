"""A worker starts fast and small: its sinks bring no event loop and no HTTP library along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import core.target.sink, core.target.sink_dir, core.target.sink_kubo
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_sinks_import_no_event_loop_and_no_http_library() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own script
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    loaded = set(done.stdout.split())
    assert "core" in loaded
    assert not loaded & {"asyncio", "httpx", "anyio", "ydb", "grpc", "yaml", "textual", "rich"}
