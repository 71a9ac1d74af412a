"""What the front is started with, as its parent wrote it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """bundles: a directory target's; None: Kubo and the cluster hold the blocks."""

    port: int
    folder: Path
    access: str
    secret: str = field(repr=False)
    table: Path
    kubo: tuple[str, ...]
    cluster: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    region: str
    replication: int
    bundles: Path | None


def load(path: Path) -> Settings:
    told = json.loads(path.read_text())
    return Settings(
        port=told["port"],
        folder=Path(told["folder"]),
        access=told["access"],
        secret=told["secret"],
        table=Path(told["table"]),
        kubo=tuple(told["kubo"]),
        cluster=tuple(told["cluster"]),
        user=told["user"],
        password=told["password"],
        region=told["region"],
        replication=told["replication"],
        bundles=Path(told["bundles"]) if told["bundles"] else None,
    )
