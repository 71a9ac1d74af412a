"""A TEST PART: the green side as a process, since no released gateway speaks the profile.

It answers S3 requests from the object table and from blocks, and takes writes into both, as the
profile says and without our mark in the rows. `tests.lab.front.main` is the program; what it cannot
do stands in its docstring. Another gateway that speaks the profile takes its place in production.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab import ports
from tests.lab.front_dial import dial, turn
from tests.lab.gateway import REGION, Account, s3_client
from tests.lab.missing import LabError
from tests.lab.process import Server
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from botocore.client import BaseClient

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack

TOP = Path(__file__).parents[2]
DIAL = TOP / "tests" / "lab" / "front_dial.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where the front's rows and blocks lie.

    table: the SQLite file of the object table. Blocks lie in Kubo, pinned through the cluster, or
    in the CARs of a directory target: then `bundles` names their folder, and the URLs are empty.
    """

    table: Path
    kubo: Sequence[str] = ()
    cluster: Sequence[str] = ()
    user: str = ""
    password: str = field(default="", repr=False)
    replication: int = 2
    bundles: Path | None = None

    @classmethod
    def of(cls, stack: Stack, table: Path) -> Self:
        """The nodes of a running stack, beside a table."""
        return cls(
            table=table,
            kubo=stack.kubo_urls,
            cluster=stack.cluster_urls,
            user=stack.user,
            password=stack.password,
            replication=min(2, len(stack.peers)),
        )

    @classmethod
    def folder(cls, target: Path) -> Self:
        """A `dir:` target: its table and its CARs."""
        return cls(table=target / "objects.db", bundles=target / "bundles")


class GreenFront:
    """The front's process. Its port is chosen by its first start and kept by later ones.

    account: whose signature it believes; give it blue's, so that clients change nothing.
    journal: a line of JSON for each write that it acknowledged, in order: at_ns (UTC, as the row
    stood), op, bucket, key, etag. Killing it is `server.kill()`, hanging it `server.stop()`.
    """

    def __init__(self, name: str, folder: Path, backend: Backend, account: Account) -> None:
        self.name = name
        self.account = account
        self.backend = backend
        self.url = ""
        self.folder = folder
        self.journal = folder / "journal.ndjson"
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        if self._server is None:
            raise LabError(f"{self.name} was never started")
        return self._server

    def start(self, keeper: Keeper) -> None:
        """Start it and wait until `/health` answers 200."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(ports.TRIES):
            port = ports.free(1)[0]
            self.url = f"http://127.0.0.1:{port}"
            self._server = server = self._program_on(port)
            keeper.start(server)
            try:
                self.wait_ready()
            except LabError:
                taken = ports.ADDRESS_IN_USE in server.tail()
                keeper.forget(server)
                if not taken or attempt == ports.TRIES - 1:
                    raise
            else:
                return

    def restart(self) -> None:
        """End it in order if it lives, start it again at the same address, and wait for it."""
        if self.server.alive:
            self.server.end()
        self.server.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        self.server.wait_for("/health", lambda: Api(self.url).get("/health").status == 200)

    def break_(self, *, health: bool = False) -> None:
        """Answer 500 to every S3 request, and with health to `/health` as well, until `mend`."""
        turn(self.folder, answer="sick" if health else "errors", url=self.url)

    def mend(self) -> None:
        """Answer again, as at the start."""
        turn(self.folder, answer="", url=self.url)

    def slow(self, seconds: float) -> None:
        """Wait so long before each answer; 0 ends it."""
        turn(self.folder, delay_s=seconds, url=self.url)

    def lack(self, *what: str) -> None:
        """Do some things no more: `copy`, `multipart`, `tag`; none ends it."""
        turn(self.folder, lacks=what, url=self.url)

    @property
    def fenced(self) -> bool:
        """Whether its own fence is up, for some buckets at least."""
        return bool(dial(self.folder).fenced)

    def words(self, op: str) -> list[str]:
        """Return the argv for `fence`, `open` or `state` of its entry under `gateways`."""
        return [sys.executable, "-I", str(DIAL), str(self.folder), self.url, op]

    @contextmanager
    def client(self, *, checksums: bool = True) -> Iterator[BaseClient]:
        """Give a boto3 client, as a gateway does."""
        with s3_client(self.url, self.account, checksums=checksums) as client:
            yield client

    def _program_on(self, port: int) -> Server:
        backend = self.backend
        settings = {
            "port": port,
            "folder": str(self.folder),
            "access": self.account.access,
            "secret": self.account.secret,
            "table": str(backend.table),
            "kubo": [*backend.kubo],
            "cluster": [*backend.cluster],
            "region": REGION,
            "user": backend.user,
            "password": backend.password,
            "replication": backend.replication,
            "bundles": str(backend.bundles or ""),
        }
        path = self.folder / "settings.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(settings))
        return Server(
            self.name,
            [sys.executable, "-m", "tests.lab.front.main", str(path)],
            folder=self.folder,
            environment={"PYTHONPATH": str(TOP)},
        )
