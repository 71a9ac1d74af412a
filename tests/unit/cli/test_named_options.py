"""Options that remedies and papers give a command are options that it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.unit.cli.test_named_commands import GROUPS, PAGE, ROOT, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = re.compile(r"vgwm(?: -w \S+)? ([a-z]+(?: [a-z]+)?)((?: (?!vgwm )[^\s;|&,`]+)*)")
OPTION = re.compile(r"(?<!\S)--[a-z0-9-]+")
ENDS = re.compile(r"[.:] |\n")
COMMON = frozenset({"--json", "--plain", "--actor", "--workspace", "--help"})


def _options() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each command with its options, from the page that is made of them."""
    for part in PAGE.read_text().split("\n## vgwm ")[1:]:
        rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `--")]
        yield part.partition("\n")[0], frozenset(OPTION.findall(" ".join(rows).replace("`", " ")))


KNOWN = dict(_options())


def unknown(text: str) -> list[str]:
    """Return the options in a text that their command does not have."""
    found = []
    for words, rest in (one for said in ENDS.split(text) for one in NAMED.findall(said)):
        first = words.partition(" ")[0]
        name = words if first in GROUPS and words in KNOWN else first
        has = KNOWN.get(name)
        if has is not None:
            found += [f"{name} {one}" for one in OPTION.findall(rest) if one not in has | COMMON]
    return found


def test_every_option_that_is_named_is_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: vgwm {name}"
        for package in ("core", "tui")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in texts(path)
        for name in unknown(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_option_in_the_papers_is_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: vgwm {name}"
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
        for line, text in enumerate(path.read_text().splitlines(), 1)
        for name in unknown(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Take it on: vgwm cutover status --acked x=y.", ["cutover status --acked"]),
        ("vgwm plan show --cannot-carry; vgwm plan --slices a", ["plan --slices"]),
        ("`vgwm -w ws verify --full`, --replicas all", []),
        ("vgwm retry --from F --json", []),
    ],
)
def test_an_option_that_is_none_is_found(text: str, names: list[str]) -> None:
    assert unknown(text) == names
