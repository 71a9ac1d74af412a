"""`vgwm iam`: accounts carried over unchanged, checked and audited; their secrets never shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions
from core.cli.secrets import refuse_credentials, secret_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

    from core.cli.call import Call
    from core.control.iam.desk import Around, Place
    from core.control.wire.iam import IamReport

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)


class IamGiven(TypedDict):
    """What all three commands take, as click hands it over."""

    path: Path | None
    endpoint: str
    access_key: str
    secret_key_ref: str | None
    region: str
    ca_file: Path | None
    config: Path | None
    root_access_key: str


class ConvertGiven(IamGiven):
    """The options of `vgwm iam convert`."""

    to: Path
    force: bool
    dry_run: bool


class CheckGiven(IamGiven):
    """The options of `vgwm iam check`."""

    against: Path | None


class AuditGiven(IamGiven):
    """The options of `vgwm iam audit`."""

    access_log: tuple[Path, ...]
    chown: bool


def _accounts(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command what says where the accounts are."""
    for decorate in reversed(
        (
            click.argument("path", type=_PATH, required=False, metavar="[DIR|FILE]"),
            click.option(
                "--endpoint",
                default="",
                metavar="URL",
                callback=refuse_credentials,
                help="Admin API of a running gateway: for accounts kept in S3, Vault or LDAP.",
            ),
            click.option("--access-key", default="", metavar="A", help="Who asks it: an admin."),
            secret_option("secret-key", "Their secret"),
            click.option("--region", default="us-east-1", show_default=True, metavar="R"),
            click.option(
                "--ca-file", type=_FILE, metavar="FILE", help="Authority of its certificate."
            ),
            click.option(
                "--config", type=_FILE, metavar="YAML", help="The new gateway's settings."
            ),
            click.option(
                "--root-access-key",
                default="",
                metavar="A",
                help="The root account's; else as --config says.",
            ),
        )
    ):
        function = decorate(function)
    return function


@click.group()
def iam() -> None:
    """Carry over a gateway's accounts, check and audit them.

    DIR is the folder that the gateway's --iam-dir (VGW_IAM_DIR) names.
    """


@iam.command()
@_accounts
@click.option(
    "--to", required=True, type=_PATH, metavar="DIR", help="The new gateway's IAM folder."
)
@click.option("--force", is_flag=True, help="Replace other accounts; they are kept beside.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@conventions
def convert(call: Call, **given: Unpack[ConvertGiven]) -> int:
    """Write the accounts as users.json of the new gateway, unchanged.

    Access keys, secrets, roles and ids stay: every client works after as before. Nothing is
    written if an account fails its check (1). The result is read back and compared account by
    account.
    """
    import asyncio

    from core.control.iam.desk import convert_accounts

    told = asyncio.run(
        convert_accounts(
            _place(given),
            _around(call, given),
            given["to"].absolute(),
            force=given["force"],
            dry_run=given["dry_run"],
        )
    )
    return _told(call, told, given, 1 if told.state == "refused" else 0)


@iam.command()
@_accounts
@click.option("--against", type=_PATH, metavar="DIR|FILE", help="The former accounts: all equal?")
@conventions
def check(call: Call, **given: Unpack[CheckGiven]) -> int:
    """Say what keeps a gateway from serving these accounts (1 if something does).

    With a workspace it also names owners, grantees and principals of the source's buckets for whom
    there is no account.
    """
    import asyncio

    from core.control.iam.desk import check_accounts

    told = asyncio.run(check_accounts(_place(given), _around(call, given), given["against"]))
    return _told(call, told, given, 1 if told.fails else 0)


@iam.command()
@_accounts
@click.option(
    "--access-log",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="A log of the gateway's requests, also .gz: names accounts that nobody uses; again.",
)
@click.option("--chown", is_flag=True, help="The gateway gives files to their account's ids.")
@conventions
def audit(call: Call, **given: Unpack[AuditGiven]) -> int:
    """Say what makes these accounts easy to abuse (1 if a finding is high)."""
    import asyncio

    from core.control.iam.desk import audit_accounts

    told = asyncio.run(
        audit_accounts(
            _place(given), _around(call, given), given["access_log"], chown=given["chown"]
        )
    )
    return _told(call, told, given, 1 if told.highs else 0)


def _place(given: IamGiven) -> Place:
    from core.control.iam.desk import Place

    return Place(
        path=given["path"],
        endpoint=given["endpoint"],
        access=given["access_key"],
        secret_ref=given["secret_key_ref"],
        region=given["region"],
        ca_file=given["ca_file"],
    )


def _around(call: Call, given: IamGiven) -> Around:
    from core.cli.call import CONFIG_NAME
    from core.control.iam.desk import Around

    folder = call.folder or Path.cwd()
    return Around(
        folder=folder.absolute() if (folder / CONFIG_NAME).is_file() else None,
        config=given["config"],
        root=given["root_access_key"],
    )


def _told(call: Call, told: IamReport, given: Mapping[str, object], code: int) -> int:
    import msgspec

    from core.cli.output import answer
    from core.control.iam.report import lines

    told = msgspec.structs.replace(told, command=_again(call, given))
    answer(call, told, lines(told))
    return code


def _again(call: Call, given: Mapping[str, object]) -> str:
    """Return the line that does this again; secrets stand in it by reference, as they were given.

    Without --dry-run: it is what an operator types next.
    """
    import shlex

    from core.display import safe

    words = ["vgwm", *call.command.split()]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name == "secret_key_ref" and value:
            kind, _, place = str(value).partition(":")
            words += [f"--secret-key-{kind}", place]
        elif name == "path" and value:
            words.append(str(value))
        elif name == "dry_run" or not value or (name == "region" and value == "us-east-1"):
            continue
        elif value is True:
            words.append(option)
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, str(one)]
    return safe(shlex.join(words))
