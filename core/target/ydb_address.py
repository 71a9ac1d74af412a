"""Where a YDB table lives: `ydb:grpc[s]://HOST:PORT/DATABASE`, taken apart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from core.display import safe
from core.errors import BadInput

_DEFAULT_PORT: Final = {"grpc": 2136, "grpcs": 2135}


@dataclass(frozen=True, slots=True, kw_only=True)
class YdbAddress:
    """A server and a database on it.

    database: with its leading slash. discovery: False keeps to this one server, for a path through
    address translation, where the addresses that discovery advertises do not answer.
    """

    host: str
    port: int
    database: str
    tls: bool
    discovery: bool = True

    @property
    def endpoint(self) -> str:
        """The server as the SDK takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'grpcs' if self.tls else 'grpc'}://{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.endpoint}{self.database}"


def parse(text: str) -> YdbAddress:
    """Return the address of `grpc[s]://HOST[:PORT]/DATABASE[?discovery=off]`. Raises BadInput."""
    try:
        parts = urlsplit(text)
        port = parts.port
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _bad(text) from error
    database = parts.path.rstrip("/")
    known = query in ({}, {"discovery": ["off"]}, {"discovery": ["on"]})
    if parts.scheme not in _DEFAULT_PORT or not parts.hostname or not database or not known:
        raise _bad(text)
    if parts.username is not None or parts.password is not None:
        raise BadInput(
            what="the table's address holds credentials",
            where="target.table",
            remedy="Name them by reference: table_user and table_password_ref.",
        )
    return YdbAddress(
        host=parts.hostname,
        port=port or _DEFAULT_PORT[parts.scheme],
        database=database,
        tls=parts.scheme == "grpcs",
        discovery=query.get("discovery") != ["off"],
    )


def _bad(text: str) -> BadInput:
    return BadInput(
        what=f"{safe(text.rpartition('@')[2])} is no address of a YDB database",
        where="target.table",
        remedy="Write ydb:grpc://HOST:2136/DATABASE, or grpcs:// for TLS.",
    )
