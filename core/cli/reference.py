"""Writes docs/cli.md from the commands themselves: `python -m core.cli.reference > docs/cli.md`."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

import click

from core.cli.main import root

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# The command line

Made by `python -m core.cli.reference`; a test compares.

Every command takes `-w DIR`, `--json`, `--plain` and `--actor NAME`, also before its name.
Objects are written `bucket/key`, odd bytes percent-encoded.
Units are required: `1MiB`, `300s`.
An option wins over `VGWM_*`, that over the operator guide's variable, that over `vgwm.yaml`.

Under `--json` stdout holds `{"v":1,"command","workspace","at","result","warnings"}`.
Lists are one JSON object a line.
stderr holds `{"error":{"code","what","where","remedy"}}`.

| Exit | Means |
|---|---|
| 0 | passed |
| 1 | ran and found something: a failed object, a difference |
| 2 | bad input; nothing was touched |
| 3 | wrong state: no plan, engine down, a job is running |
| 4 | unknown: nobody answered, so there is no verdict |
| 5 | refused: a confirmation, a foreign plan, an existing file |
| 6 | credentials or permission |
| 7 | integrity: a count, a CID or the ledger is wrong; it stopped |
| 70 | a fault of vgwm |
| 130 | Ctrl-C: the job goes on in the engine |
"""
_COMMON = frozenset({"workspace", "as_json", "plain", "actor", "help"})


def render() -> str:
    """Return the whole page."""
    context = click.Context(root, info_name="vgwm")
    parts = [_HEAD, *_pages(root, context)]
    return "\n".join(parts)


def _pages(command: click.Command, context: click.Context) -> Iterator[str]:
    if context.parent is not None:
        yield _page(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _pages(found, click.Context(found, info_name=name, parent=context))


def _page(command: click.Command, context: click.Context) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## {context.command_path}", "", f"`{context.command_path} {usage}`", ""]
    lines += [*_sentences(inspect.cleandoc(command.help or "")), ""]
    rows = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name not in _COMMON
        for record in [_option(parameter, context)]
        if record is not None
    ]
    if rows:
        lines += ["| Option | Meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _sentences(text: str) -> list[str]:
    """Return a docstring as it stands, its paragraphs joined to a line each."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _option(parameter: click.Parameter, context: click.Context) -> str | None:
    record = parameter.get_help_record(context)
    if record is None:
        return None
    name, meaning = (cell.replace("|", "\\|") for cell in record)
    return f"| `{name}` | {meaning} |"


if __name__ == "__main__":
    sys.stdout.write(render())
