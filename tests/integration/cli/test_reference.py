"""docs/cli.md is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from core.cli import reference
from core.cli.main import root

DOCS = Path(__file__).parents[3] / "docs"


def commands() -> list[str]:
    def names(command: click.Command, path: str) -> list[str]:
        if not isinstance(command, click.Group):
            return [path]
        context = click.Context(command)
        found = [path] if path else []
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += [] if inner.hidden else names(inner, f"{path} {name}".strip())
        return found

    return names(root, "")


def test_the_page_is_up_to_date() -> None:
    """`python -m core.cli.reference > docs/cli.md` mends it."""
    assert (DOCS / "cli.md").read_text() == reference.render()


@pytest.mark.parametrize("command", commands())
def test_every_command_has_its_section(command: str) -> None:
    assert f"\n## vgwm {command}\n" in reference.render()


@pytest.mark.parametrize("name", ["cluster-password", "table-password", "table-token"])
def test_i9_options_that_would_take_a_secret_are_not_offered(name: str) -> None:
    text = reference.render()
    assert f"`--{name}-env NAME`" in text
    assert f"`--{name} " not in text
