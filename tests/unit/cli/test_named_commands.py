"""A remedy that names a command names one that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "cli.md"
"""Made from the commands themselves; another test compares."""

NAMED = re.compile(r"(?:: |`)vgwm ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
KNOWN = frozenset(
    tuple(line.removeprefix("## vgwm ").split())
    for line in PAGE.read_text().splitlines()
    if line.startswith("## vgwm ")
)
GROUPS = frozenset(one[0] for one in KNOWN if len(one) > 1)


def unknown(text: str) -> list[str]:
    """Return the commands that a text names and that are none."""
    found = []
    for first, second in NAMED.findall(text):
        words = (first, second) if first in GROUPS and second else (first,)
        if words not in KNOWN:
            found.append(" ".join(words))
    return found


def texts(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_every_command_that_is_named_is_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: vgwm {name}"
        for package in ("core", "tui")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in texts(path)
        for name in unknown(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Read them: vgwm iam diff.", ["iam diff"]),
        ("Set it: vgwm knobs x=1.", ["knobs"]),
        ("`vgwm log` names them.", ["log"]),
        ("Look: vgwm cutover status.", []),
        ("`vgwm errors` says why: vgwm errors lists them", []),
    ],
)
def test_a_command_that_is_none_is_found(text: str, names: list[str]) -> None:
    assert unknown(text) == names
