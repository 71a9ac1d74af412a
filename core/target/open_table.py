"""Opening the object table that vgwm.yaml names: `sqlite:PATH` or `ydb:grpc[s]://HOST:PORT/DB`.

Each database's code is imported on first use: `import ydb` costs 0.3 s, and no file needs it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.secret import Secret
    from core.target.objects import ObjectTable
    from core.target.profile import Profile


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
        from core.target.objects_ydb import YdbTable  # noqa: PLC0415 - see above

        return await YdbTable.open(rest, profile, login)
    raise BadInput(
        what=f"object table {safe(kind)}: is of no known kind",
        where="target.table",
        remedy="Write sqlite:PATH or ydb:grpc[s]://HOST:PORT/DATABASE.",
    )
