"""Opening the object table that vgwm.yaml names: `sqlite:PATH` or `ydb:grpc[s]://HOST:PORT/DB`.

Each database's code is imported on first use: `import ydb` costs 0.3 s, and no file needs it.
In a thread: whoever else is on the loop goes on.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.config.schema import DirTarget
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from core.config.schema import IpfsTarget, Workspace
    from core.config.secret import Secret
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

TABLE_NAME: Final = "objects.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLogin:
    """Who we are to a YDB database: a token, or a user with a password, or nobody.

    ca_file: PEM file of the authority of a grpcs server, None for the system's.
    """

    user: str = ""
    password: Secret | None = None
    token: Secret | None = None
    ca_file: Path | None = None


async def open_table(spec: str, profile: Profile, login: TableLogin | None) -> ObjectTable:
    """Open a table; `ensure` is the caller's, and `close` on every path.

    Raises BadInput for another form; NodeUnreachable, Denied or BadInput if YDB does not take us
    in. The SQLite file is made if it is absent, its folder is not.
    """
    kind, _, rest = spec.partition(":")
    if kind == "sqlite" and rest:
        from core.target.objects_sqlite import SqliteTable  # noqa: PLC0415 - see above

        return await SqliteTable.open(rest, profile)
    if kind == "ydb" and rest:
        # gRPC's C core prints to the terminal; it reads this when it is first imported.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        await asyncio.to_thread(import_module, "core.target.objects_ydb")
        from core.target.objects_ydb import YdbTable  # noqa: PLC0415 - see above

        return await YdbTable.open(rest, profile, login)
    raise BadInput(
        what=f"object table {safe(kind)}: is of no known kind",
        where="target.table",
        remedy="Write sqlite:PATH or ydb:grpc[s]://HOST:PORT/DATABASE.",
    )


async def open_target_table(workspace: Workspace, profile: Profile) -> ObjectTable:
    """Open the object table of a workspace; secrets are resolved here (I9). Raises as above."""
    target = workspace.target
    login = None if isinstance(target, DirTarget) else login_of(target)
    return await open_table(table_spec(workspace), profile, login)


def table_spec(workspace: Workspace) -> str:
    """Return the object table of a workspace; that of a dir target lies beside its bundles."""
    target = workspace.target
    if isinstance(target, DirTarget):
        return f"sqlite:{target.path / TABLE_NAME}"
    return target.table


def absent_file(spec: str) -> Path | None:
    """Return the file that opening this table would make, if it is not there yet."""
    kind, _, rest = spec.partition(":")
    return None if kind != "sqlite" or Path(rest).exists() else Path(rest)


def login_of(target: IpfsTarget) -> TableLogin:
    """Return who we are to the table; secrets are resolved now. Raises BadInput, Denied."""
    password, token = target.table_password_ref, target.table_token_ref
    return TableLogin(
        user=target.table_user,
        password=password.resolve() if password else None,
        token=token.resolve() if token else None,
        ca_file=target.table_ca_file,
    )
