"""Who knows the operator guide finds our command, and what it says of that command is so."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from core.cli.main import root
from core.control.operator_guide import Entry, find, page, read
from core.errors import BadInput

GUIDE = read()
DOCS = Path(__file__).parents[3] / "docs"
OPTION = re.compile(r"--[a-z][a-z-]*")


def resolved(entry: Entry) -> list[str] | None:
    """Return the words that name a command of ours, the rest being its arguments; or None."""
    command: click.Command = root
    context = click.Context(root)
    taken: list[str] = []
    for word in entry.words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        if found is None:
            return None
        command, taken = found, [*taken, word]
    return taken


@pytest.mark.parametrize("entry", GUIDE.entries, ids=lambda entry: f"{entry.lines[0]}-{entry.name}")
def test_the_command_is_there_with_its_options_unless_it_is_said_to_be_planned(
    entry: Entry,
) -> None:
    words = resolved(entry)
    if entry.planned:
        assert words is None or _lacking(words, entry) != (0, []), "it is built: say so"
        return
    assert words is not None, f"no command vgwm {' '.join(entry.words)}: mark it planned"
    code, lacking = _lacking(words, entry)
    assert (code, lacking) == (0, [])


def _lacking(words: list[str], entry: Entry) -> tuple[int, list[str]]:
    """Return the exit code of its help, and the options and words that it does not name."""
    answer = CliRunner().invoke(root, [*words, "--help"])
    named = [*entry.words[len(words) :], *OPTION.findall(entry.command)]
    return answer.exit_code, [name for name in named if name not in answer.output]


def test_the_guides_64_scripts_are_all_there() -> None:
    names = [entry.script for entry in GUIDE.scripts]
    assert len(names) == len(set(names)) == 64


@pytest.mark.parametrize("wanted", ["264", "L264", "l264", "migrate-data", "./x/migrate-data.sh"])
def test_a_script_is_found_by_line_or_name(wanted: str) -> None:
    assert [entry.script for entry in find(GUIDE, wanted)] == ["migrate-data"]


def test_a_line_between_two_commands_means_the_one_above() -> None:
    assert [entry.script for entry in find(GUIDE, "267")] == ["migrate-data"]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("migrate-dota", "migrate-data"), ("zzz", "lists all"), ("3", "24"), ("941", "940")],
)
def test_what_the_guide_does_not_have_is_bad_input_that_names_what_is_near(
    wanted: str, near: str
) -> None:
    with pytest.raises(BadInput) as caught:
        find(GUIDE, wanted)
    assert near in caught.value.remedy


def test_the_page_is_made_from_the_data() -> None:
    assert (DOCS / "guide.md").read_text() == page(GUIDE)
