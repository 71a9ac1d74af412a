"""A real YDB database, if somebody names one: VGWM_TEST_YDB and what goes with it."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.secret import Secret
from core.target.objects_ydb import YdbTable
from core.target.open_table import TableLogin
from tests.lab.missing import Missing

if TYPE_CHECKING:
    from core.target.profile import Profile


@dataclass(frozen=True)
class YdbPlace:
    """spec: the address, after `ydb:`. directory: a fresh one, that `clear` removes."""

    spec: str
    login: TableLogin
    directory: str

    async def open(self, profile: Profile) -> YdbTable:
        return await YdbTable.open(
            self.spec, profile, self.login, directory=self.directory, patience_s=60
        )

    async def clear(self, table: YdbTable) -> None:
        """Drop the profile's tables and those beside; the directory goes with the last of them."""
        for beside in await table.sets():
            await table.drop(beside.tag)
        for path in table.paths:
            await table.client.define(f"DROP TABLE IF EXISTS `{path}`")


def real_ydb() -> YdbPlace:
    """The database that the environment names; Missing if it names none."""
    spec = os.environ.get("VGWM_TEST_YDB", "").removeprefix("ydb:")
    if not spec:
        raise Missing(
            "no YDB database is named", needs="VGWM_TEST_YDB=grpc[s]://HOST:PORT/DB", optional=True
        )
    ca_file = os.environ.get("VGWM_TEST_YDB_CA_FILE")
    login = TableLogin(
        user=os.environ.get("VGWM_TEST_YDB_USER", ""),
        password=_secret("VGWM_TEST_YDB_PASSWORD_FILE"),
        token=_secret("VGWM_TEST_YDB_TOKEN_FILE"),
        ca_file=Path(ca_file) if ca_file else None,
    )
    return YdbPlace(spec, login, f"vgwm_test_{uuid.uuid4().hex}")


def _secret(name: str) -> Secret | None:
    path = os.environ.get(name)
    return Secret(Path(path).read_text().strip()) if path else None
