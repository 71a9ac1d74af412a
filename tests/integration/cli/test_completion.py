"""Shell completion: the script, and what it completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_the_script_calls_vgwm_back(shell: str, tmp_path: Path) -> None:
    ran = await vgwm("completion", shell, home=tmp_path)
    assert ran.code == 0
    assert f"_VGWM_COMPLETE={shell}_complete" in ran.out


async def test_commands_and_options_are_completed(tmp_path: Path) -> None:
    env = {"_VGWM_COMPLETE": "bash_complete", "COMP_WORDS": "vgwm engine st", "COMP_CWORD": "2"}
    ran = await vgwm(home=tmp_path, env=env)
    assert set(ran.out.split()) == {"plain,start", "plain,status", "plain,stop"}
