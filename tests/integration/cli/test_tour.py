"""docs/tour.md: every command of it, in order, as a reader would type it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.integration.cli.shell import bash, vgwm

TOUR = Path(__file__).parents[3] / "docs" / "tour.md"


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", TOUR.read_text(), flags=re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


async def test_every_command_succeeds(tmp_path: Path) -> None:
    script = [
        f"cd {tmp_path}",
        f'vgwm() {{ {sys.executable} -m tui.main "$@"; }}',
        "set -e",
        *commands(),
    ]
    try:
        ran = bash("\n".join(script), home=tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "4 of 4" in ran.stdout
    finally:
        await vgwm("engine", "stop", "-w", str(tmp_path / "tour" / "ws"), home=tmp_path)
