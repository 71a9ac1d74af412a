"""What an engine and a command load to begin: none of what few of them ever need."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
SELDOM = {"aioboto3", "aiohttp", "cryptography", "jinja2", "redis", "textual", "ydb"}


def loaded(module: str) -> set[str]:
    """Return the packages that an interpreter of its own has once it has the module."""
    argv = [sys.executable, "-c", SCRIPT, module]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    return set(ran.stdout.split())


def test_an_engine_begins_without_the_clients_of_what_it_may_ask() -> None:
    assert not SELDOM & loaded("core.control.host")


@pytest.mark.parametrize("module", ["core.cli.main", "core.cli.link", "core.control.client"])
def test_a_command_begins_without_what_only_screens_show_with(module: str) -> None:
    assert not {"pygments", "rich", "textual"} & loaded(module)


def test_a_look_at_rest_begins_without_the_checksums_that_only_a_copy_makes() -> None:
    assert not {"awscrt", *SELDOM} & loaded("core.control.ledger_desk")
