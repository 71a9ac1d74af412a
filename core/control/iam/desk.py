"""`vgwm iam`: accounts converted, checked and audited. Nothing here shows a secret (I9)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core.config.folder import PRIVATE
from core.config.mark import marks_of
from core.config.secret import SecretRef
from core.config.yaml_text import read_mapping
from core.control.iam import report as iam_report
from core.control.iam import write as iam_write
from core.control.iam.names import named_by_buckets
from core.display import safe
from core.errors import BadInput, Broken, Denied, Refused
from core.iam.access_log import callers
from core.iam.account import Store, StoreKind
from core.iam.admin_api import AdminDoor, list_users
from core.iam.auditing import audit
from core.iam.checking import check
from core.iam.finding import Finding, Level
from core.iam.proof import prove
from core.iam.users_file import FILE_NAME, parse, read_store, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.control.wire.iam import IamReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where accounts are: a file or its folder, else a gateway's admin API.

    access, secret_ref: who asks there, an admin or the root account.
    """

    path: Path | None = None
    endpoint: str = ""
    access: str = ""
    secret_ref: str | None = None
    region: str = "us-east-1"
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else is known: the workspace's folder, and the new gateway's configuration.

    root: the root account's access key, "" if it is not known.
    """

    folder: Path | None = None
    config: Path | None = None
    root: str = ""


async def convert_accounts(
    place: Place, around: Around, to: Path, *, force: bool, dry_run: bool
) -> IamReport:
    """Write the accounts as users.json into a folder; the report says what was, or would be, done.

    Accounts that fail are written nowhere: state `refused`. The proof reads the written file back;
    Broken if an account is not there as it was. Raises Refused for other accounts in the folder.
    """
    store = await _read(place)
    config = _gateway_config(around.config)
    _agree(config, around.config, to)
    root = around.root or config.root
    # The new file's mode is ours to give; the old file's stands in the way of nothing.
    findings = [one for one in check(store, root=root) if one.rule != "file-mode"]
    text = render(store)
    target = to / FILE_NAME
    new = parse(text.encode(), kind=StoreKind.USERS_JSON, where=safe(str(target)), mode=0o600)
    told = iam_report.report(
        "convert", store, findings, marks_of(around.folder), proof=prove(store, new)
    )
    told = msgspec.structs.replace(told, target=safe(str(target)), state="planned")
    if told.fails:
        return msgspec.structs.replace(told, state="refused")
    if iam_write.same_file(text, target):
        return msgspec.structs.replace(told, state="unchanged")
    if dry_run:
        return told
    iam_write.refuse_other(target, force=force)
    kept = iam_write.write_users(to, text, place.path)
    _prove_written(store, to)
    return msgspec.structs.replace(
        told, state="written", backup="" if kept is None else safe(str(kept))
    )


async def check_accounts(place: Place, around: Around, against: Path | None) -> IamReport:
    """Say what keeps a gateway from serving accounts as they stand.

    against: the former accounts, with which these have to be equal; one that is not is a fail.
    """
    store = await _read(place)
    config = _gateway_config(around.config)
    named = named_by_buckets(around.folder)
    findings = check(store, root=around.root or config.root, named=named)
    findings += _folder(place.path)
    proof = None
    if against is not None:
        proof = prove(read_store(against), store)
        findings += [
            Finding(
                level=Level.FAIL,
                rule=f"proof-{state.value}",
                access=safe(access),
                evidence=f"{state.value}, compared with {safe(str(against))}",
                remedy="Convert again: vgwm iam convert",
            )
            for access, state in proof.states.items()
            if state.value != "equal"
        ]
    return iam_report.report("check", store, findings, marks_of(around.folder), proof=proof)


async def audit_accounts(
    place: Place, around: Around, logs: Sequence[Path], *, chown: bool
) -> IamReport:
    """Say what makes accounts easy to abuse. logs: access logs, to see who is never used."""
    store = await _read(place)
    findings = audit(store, chown=chown, used=callers(logs) if logs else None)
    return iam_report.report("audit", store, findings, marks_of(around.folder))


async def _read(place: Place) -> Store:
    if place.path is not None and place.endpoint:
        raise BadInput(
            what="a file and a gateway are both named",
            where="the command line",
            remedy="Name the file's folder, or --endpoint.",
        )
    if place.path is not None:
        return read_store(place.path)
    if not (place.endpoint and place.access and place.secret_ref):
        raise BadInput(
            what="nothing says where the accounts are",
            where="the command line",
            remedy="Name the gateway's IAM folder; or for S3, Vault and LDAP stores --endpoint, "
            "--access-key and --secret-key-env or --secret-key-file.",
        )
    return await list_users(
        AdminDoor(
            endpoint=place.endpoint,
            access=place.access,
            secret=SecretRef.parse(place.secret_ref).resolve(),
            region=place.region,
            ca_file=place.ca_file,
        )
    )


def _prove_written(store: Store, to: Path) -> None:
    proof = prove(store, read_store(to))
    if not proof.holds:
        raise Broken(
            what="the written accounts are not those that were read",
            where=safe(str(to / FILE_NAME)),
            remedy="Somebody else writes there: end that gateway, then convert again.",
        )


def _folder(path: Path | None) -> list[Finding]:
    """Say if others may list the folder: the gateway's temporary files lie in it, too."""
    folder = path if path is not None and path.is_dir() else None
    if folder is None or folder.stat().st_mode & 0o777 == PRIVATE:
        return []
    return [
        Finding(
            level=Level.WARN,
            rule="folder-mode",
            access="",
            evidence=f"the folder has mode {folder.stat().st_mode & 0o777:04o}",
            remedy="chmod 0700, as the gateway's user.",
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """What the new gateway's configuration says of accounts."""

    kind: str = "internal"
    dir: str = ""
    root: str = ""


def _gateway_config(file: Path | None) -> _Config:
    if file is None:
        return _Config()
    where = safe(str(file))
    try:
        text = file.read_text("utf-8")
    except PermissionError as e:
        raise Denied(
            what="the configuration may not be read", where=where, remedy="Run as its owner."
        ) from e
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            what="the configuration cannot be read as text",
            where=where,
            remedy="Name the YAML that vgwm config convert wrote.",
        ) from None
    iam = read_mapping(text, where=where).get("iam")
    if not isinstance(iam, dict):
        raise BadInput(
            what="the configuration has no iam section",
            where=where,
            remedy="Name the YAML that vgwm config convert wrote.",
        )
    told = {name: str(iam.get(name) or "") for name in ("type", "dir", "admin_user")}
    return _Config(kind=told["type"], dir=told["dir"], root=told["admin_user"])


def _agree(config: _Config, file: Path | None, to: Path) -> None:
    """Raise Refused if the new gateway would read its accounts elsewhere."""
    if file is None:
        return
    if config.kind != "internal":
        raise Refused(
            what=f"the configuration's iam.type is {safe(config.kind)}, which reads no users.json",
            where=safe(str(file)),
            remedy="Convert the configuration with VGW_IAM_DIR set, or leave --config out.",
        )
    if os.path.realpath(config.dir) != os.path.realpath(to):
        raise Refused(
            what=f"the configuration's iam.dir is {safe(config.dir)}, and --to is {safe(str(to))}",
            where=safe(str(file)),
            remedy="Name that folder with --to.",
        )
