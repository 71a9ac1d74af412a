"""The operator guide, script by script, and the command that does the same here.

The data stand in `guide.yaml`; nothing else knows them.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE: Final = "guide.yaml"
LAST_LINE: Final = 940
"""Where the last of its commands ends."""

KINDS: Final = {
    "R": "reads",
    "W": "writes files or adds data",
    "D": "changes service or removes: shown and confirmed first",
}


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script or a step of the guide. lines: where it stands there; command: ours, with options.

    kind: R, W or D, with a j for a job. fix: what the guide has wrong. planned: not built yet.
    """

    lines: list[int]
    script: str = ""
    step: str = ""
    arguments: str = ""
    command: str
    kind: str
    does: str
    fix: str = ""
    planned: bool = False

    @property
    def name(self) -> str:
        """What the guide calls it."""
        return self.script or self.step

    @property
    def words(self) -> list[str]:
        """The command's own words, without arguments and options: `config convert`."""
        words = []
        for word in self.command.split():
            if not word.isalnum() or not word.islower():
                break
            words.append(word)
        return words

    def told(self) -> Iterator[str]:
        """Yield it as lines."""
        numbers = " ".join(f"L{line}" for line in self.lines)
        yield f"{numbers}  {self.name} {self.arguments}".rstrip()
        yield f"  vgwm {self.command}" + ("   (not built yet)" if self.planned else "")
        job = ", as a job" if self.kind.endswith("j") else ""
        yield f"  {self.does} It {KINDS[self.kind[0]]}{job}."
        if self.fix:
            yield f"  Otherwise than the guide: {self.fix}"

    def short(self) -> str:
        """Return it as one line."""
        line = f"L{self.lines[0]:<4} {self.name:<30} vgwm {' '.join(self.words)}"
        return f"{line}  (not built yet)" if self.planned else line


class Guide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All scripts and steps, in the guide's order."""

    scripts: list[Entry]
    steps: list[Entry]

    @property
    def entries(self) -> list[Entry]:
        """Scripts and steps by their first line."""
        return sorted([*self.scripts, *self.steps], key=lambda entry: entry.lines[0])


def read() -> Guide:
    """Return the guide's data."""
    text = resources.files("core.control").joinpath(FILE).read_bytes()
    return msgspec.yaml.decode(text, type=Guide)


def find(guide: Guide, wanted: str) -> list[Entry]:
    """Return the entries of a line (`264`, `L264`) or of a script's or step's name.

    A path and `.sh` are taken off. A line between two entries means the one above it. Raises
    BadInput for what the guide does not have, with what is near.
    """
    number = wanted.removeprefix("L").removeprefix("l")
    if number.isdecimal():
        return _at(guide, int(number))
    name = wanted.rsplit("/", 1)[-1].removesuffix(".sh")
    found = [entry for entry in guide.entries if entry.name == name]
    found = found or [entry for entry in guide.entries if name.lower() in entry.name.lower()]
    if found:
        return found
    near = get_close_matches(name, [entry.name for entry in guide.entries], n=3)
    raise BadInput(
        what=f"the operator guide has no script {safe(wanted)}",
        where="vgwm guide",
        remedy=f"Near it: {', '.join(near)}." if near else "`vgwm guide` lists all of them.",
    )


def _at(guide: Guide, number: int) -> list[Entry]:
    exact = [entry for entry in guide.entries if number in entry.lines]
    if exact:
        return exact
    lines = [line for entry in guide.entries for line in entry.lines if line <= number]
    if not lines or number > LAST_LINE:
        raise BadInput(
            what=f"the operator guide has no command at line {number}",
            where="vgwm guide",
            remedy=f"Its commands stand in lines {guide.entries[0].lines[0]} to {LAST_LINE}.",
        )
    return [entry for entry in guide.entries if max(lines) in entry.lines]


def page(guide: Guide) -> str:
    """Return docs/guide.md."""
    head = """\
# The operator guide, and our commands

Made by `python -m core.control.operator_guide > docs/guide.md`; a test compares.
`vgwm guide` shows the same, `vgwm guide migrate-data` or `vgwm guide 264` one of it.

| L | Script or step | Command | Kind | |
|---|---|---|---|---|
"""
    return head + "\n".join(map(_row, guide.entries)) + "\n"


def _row(entry: Entry) -> str:
    lines = " ".join(map(str, entry.lines))
    command = entry.command.replace("|", "\\|")
    told = f"{entry.does} Otherwise than the guide: {entry.fix}" if entry.fix else entry.does
    state = " (not built yet)" if entry.planned else ""
    name = f"{entry.name} {entry.arguments}".rstrip().replace("|", "\\|")
    return f"| {lines} | {name} | `{command}`{state} | {entry.kind} | {told} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page(read()))
