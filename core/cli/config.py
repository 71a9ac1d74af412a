"""`vgwm config`: the gateway's configuration, kept, converted, compared, checked, cleaned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import CONFIG_NAME, conventions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    from core.cli.call import Call
    from core.control.config.shown import Wanted
    from core.control.wire import config as wire_config

_ANY = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)
_SET = "Give this member of the new configuration a value; a secret as env:NAME or file:PATH."


class DecisionsGiven(TypedDict):
    """The options of a conversion, as click hands them over."""

    old: Path
    new: Path | None
    env_out: Path | None
    settings: tuple[str, ...]
    accept: tuple[str, ...]
    drop: tuple[str, ...]


class BackupGiven(TypedDict):
    """The options of `vgwm config backup`."""

    configs: tuple[Path, ...]
    iam: Path | None
    unit: Path | None
    binary: Path | None
    to: Path | None
    dry_run: bool


class ConvertGiven(DecisionsGiven):
    """The options of `vgwm config convert`."""

    confirm: str | None
    force: bool
    dry_run: bool


def _decisions(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options by which an operator decides about keys."""
    for option in (
        click.option("--drop", multiple=True, metavar="KEY", help="Leave this key out."),
        click.option("--accept", multiple=True, metavar="KEY", help="Take it as it is."),
        click.option("--set", "settings", multiple=True, metavar="PATH=V", help=_SET),
        click.option(
            "--env-out", type=_FILE, metavar="FILE", help="The env file; else NEW's .env."
        ),
    ):
        function = option(function)
    return function


@click.group()
def config() -> None:
    """Keep, convert and check the gateway's configuration."""


@config.command()
@click.argument("configs", type=_FILE, nargs=-1, metavar="[FILE]...")
@click.option("--iam", type=_ANY, metavar="PATH", help="Its accounts: a folder, or a file.")
@click.option("--unit", type=_FILE, metavar="FILE", help="Its systemd unit.")
@click.option("--binary", type=_FILE, metavar="FILE", help="Its program.")
@click.option("--to", type=_ANY, metavar="DIR", help="Where; else backups/ of the workspace.")
@click.option("--dry-run", is_flag=True, help="Show what would be kept, and write nothing.")
@conventions
def backup(call: Call, **given: Unpack[BackupGiven]) -> int:
    """Keep copies of the gateway's files, with their hashes.

    FILE is its configuration; what is not named is looked for where packages put it, and its
    accounts where the configuration says. A backup is a folder of its own, mode 0700, whole or not
    there; backup.json in it says what each copy was.
    """
    from core.cli.output import answer
    from core.control.config.backup import Named, keep

    named = Named(
        configs=given["configs"],
        iam=given["iam"],
        unit=given["unit"],
        binary=given["binary"],
    )
    made = keep(named, _folder(call), to=given["to"], dry_run=given["dry_run"])
    lines = [
        f"{one.kind.ljust(6)}  {one.sha256[:12]}  {one.mode}  {one.path}" for one in made.files
    ]
    told = "would be kept below" if made.dry_run else "kept in"
    answer(call, made, [*lines, f"{len(made.files)} files {told} {made.folder}"])
    return 0


@config.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE, required=False)
@_decisions
@conventions
def diff(call: Call, **given: Unpack[DecisionsGiven]) -> int:
    """Show what becomes of each key of an old configuration.

    OLD is the EnvironmentFile of the gateway's unit, such as /etc/versitygw.d/NAME.conf, or the
    operator guide's INI. Nothing is written. 1 while a problem is left.
    """
    from core.cli.output import answer
    from core.control.config.desk import look

    shown = look(_wanted(call, given)).shown
    answer(call, shown, _lines(shown), shown.warnings)
    return 0 if shown.writable else 1


@config.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@_decisions
@click.option("--confirm", metavar="HASH", help="Only what was shown under this hash.")
@click.option("--force", is_flag=True, help="Replace files; the old ones are kept beside them.")
@click.option("--dry-run", is_flag=True, help="Show it, and write nothing.")
@conventions
def convert(call: Call, **given: Unpack[ConvertGiven]) -> int:
    """Turn an old configuration into the guide's YAML and an env file.

    Both are written, or none; secrets stand in the env file alone, mode 0600. While a problem is
    left nothing is written (1).
    """
    from core.cli.output import answer
    from core.control.config.desk import write

    shown, written = write(
        _wanted(call, given),
        force=given["force"],
        dry_run=given["dry_run"],
        confirmed=given["confirm"],
    )
    lines = _lines(shown) if given["dry_run"] or not shown.writable else _written(written)
    answer(call, written, lines, [*shown.warnings, *(_problems(shown) if call.as_json else ())])
    return 0 if shown.writable else 1


@config.command()
@click.argument("file", type=_FILE)
@click.option("--env", type=_FILE, metavar="FILE", help="The env file of a YAML; else beside it.")
@conventions
def check(call: Call, *, file: Path, env: Path | None) -> int:
    """Check a configuration: the old one, the env file, or the guide's YAML.

    A YAML is held against its env file: each reference has to be there. 1 if something is wrong, 4
    if something could not be seen.
    """
    from core.cli.output import listing
    from core.control.config.check import check

    found = check(file, env, _folder(call))
    lines = [
        f"{one.state.ljust(7)}  {one.path}  {one.evidence}  {one.remedy}".rstrip() for one in found
    ]
    listing(call, found, lines)
    states = {one.state for one in found}
    return 1 if "fail" in states else 4 if "unknown" in states else 0


@config.command()
@click.argument("file", type=_FILE)
@conventions
def sanitize(call: Call, *, file: Path) -> int:
    """Print a configuration with each secret as a mark, such as [secret 3f9a].

    Equal secrets have equal marks within a workspace. Comments are left out. The result is read
    again first: 7, and nothing is printed, if a secret is left.
    """
    from core.cli.output import answer
    from core.control.config.check import clean

    text = clean(file, _folder(call))
    answer(call, {"text": text}, text.splitlines())
    return 0


def _wanted(call: Call, given: DecisionsGiven | ConvertGiven) -> Wanted:
    from core.control.config.shown import Wanted

    return Wanted(
        old=given["old"],
        new=given["new"],
        env_out=given["env_out"],
        folder=_folder(call),
        accept=given["accept"],
        drop=given["drop"],
        settings=given["settings"],
    )


def _folder(call: Call) -> Path | None:
    """Return the workspace's folder; None where none is named and the current one is none."""
    if call.folder is None and not (Path.cwd() / CONFIG_NAME).is_file():
        return None
    return call.workspace


def _lines(shown: wire_config.ConfigDiff) -> Iterator[str]:
    rows = [
        (row.state, row.key or "-", row.value or "-", _place(row), "; ".join(_why(row)))
        for row in shown.rows
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(4)]
    for row in rows:
        yield "  ".join((*(row[i].ljust(min(widths[i], 40)) for i in range(4)), row[4])).rstrip()
    yield ""
    yield "  ".join(f"{state} {n}" for state, n in shown.counts.items())
    for file in shown.files:
        told = "same" if file.same else "exists" if file.exists else "new"
        yield f"{file.kind.ljust(5)} {file.path}  mode {file.mode}  {told}"
    for proof in shown.round_trip:
        yield f"{proof.state.ljust(5)} {proof.name}: {proof.evidence}"
    yield f"plan  {shown.hash}" if shown.writable else "nothing can be written yet"


def _problems(shown: wire_config.ConfigDiff) -> Iterator[str]:
    for row in shown.rows:
        if row.state == "problem":
            yield f"{row.key or row.path}: {row.reason}"


def _place(row: wire_config.ConfigRow) -> str:
    if not row.path or row.secret or not row.new_value:
        return row.path or "-"
    return f"{row.path}={row.new_value}"


def _why(row: wire_config.ConfigRow) -> Iterator[str]:
    if row.rule:
        yield row.rule
    if row.reason:
        yield row.reason


def _written(written: wire_config.ConfigWritten) -> Iterator[str]:
    yield "  ".join(f"{state} {n}" for state, n in written.counts.items())
    for path in written.written:
        yield f"written  {path}"
    for path in written.backups:
        yield f"kept     {path}"
    if not written.written:
        yield "nothing to write: the files are there already"
