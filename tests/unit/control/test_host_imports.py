"""What an engine loads to begin: none of what only a look at the target's peers and parts needs."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import core.control.host
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
SELDOM = {"aioboto3", "aiohttp", "cryptography", "jinja2", "redis", "textual", "ydb"}


def test_an_engine_begins_without_the_clients_of_what_it_may_ask() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    assert not SELDOM & set(ran.stdout.split())
