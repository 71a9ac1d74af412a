"""A real VersityGW over a posix tree, and clients of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tests.lab import ports
from tests.lab.missing import LabError, Missing
from tests.lab.process import Server
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.authority import Pair
    from tests.lab.process import Keeper

REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The gateway's root account."""

    access: str = "LABROOT"
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


class Gateway:
    """A gateway whose folders all lie below `folder`; it starts and ends by itself.

    root: the posix tree. versioning_dir: always set. sidecar: None in xattr mode. Their names are
    chosen so that none starts with the text of another's path, which the gateway refuses.
    iam_dir: where it keeps accounts; None: it knows its root account only. tls: what it shows, if
    it is to speak HTTPS. variables: what else its environment holds when it starts. prefix: a
    program that becomes the gateway, such as what `own_mounts` gives.
    """

    def __init__(  # noqa: PLR0913 - what a gateway can be started with
        self,
        name: str,
        program: str,
        folder: Path,
        *,
        with_sidecar: bool,
        iam_dir: Path | None = None,
        tls: Pair | None = None,
    ) -> None:
        self.name = name
        self._tls = tls
        self.root = folder / "tree"
        self.versioning_dir = folder / "versions"
        self.sidecar = folder / "sidecar" if with_sidecar else None
        self.iam_dir = iam_dir
        self.access_log = folder / "access.log"
        self.account = Account()
        self.variables: dict[str, str] = {}
        self.prefix: list[str] = []
        self.url = ""
        self._program = program
        self._folder = folder
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        if self._server is None:
            raise LabError(f"{self.name} was never started")
        return self._server

    def start(self, keeper: Keeper) -> None:
        """Start it and wait until `/health` answers. Raises Missing without user attributes."""
        for folder in (self.root, self.versioning_dir, self.sidecar, self.iam_dir):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        _need_user_attributes(self.root)
        for attempt in range(ports.TRIES):
            port = ports.free(1)[0]
            self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
            self._server = server = self._program_on(port)
            keeper.start(server)
            try:
                server.wait_for("/health", partial(self._answers, port))
            except LabError:
                taken = ports.ADDRESS_IN_USE in server.tail()
                keeper.forget(server)
                if not taken or attempt == ports.TRIES - 1:
                    raise
            else:
                return

    def _answers(self, port: int) -> bool:
        if self._tls is None:
            return Api(self.url).get("/health").status == 200
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    def _program_on(self, port: int) -> Server:
        own = ["--port", f"127.0.0.1:{port}", "--health", "/health", "--keep-alive", "--quiet"]
        if self.iam_dir is not None:
            own += ["--iam-dir", str(self.iam_dir), "--access-log", str(self.access_log)]
        if self._tls is not None:
            own += ["--cert", str(self._tls.cert), "--key", str(self._tls.key)]
        account = {
            "ROOT_ACCESS_KEY": self.account.access,
            "ROOT_SECRET_KEY": self.account.secret,
        }
        return Server(
            self.name,
            [*self.prefix, self._program, *own, *self._backend()],
            folder=self._folder,
            environment={**account, **self.variables},
        )

    def words_at(self, socket_path: str) -> list[str]:
        """Return the argv of another gateway over the same tree, at a socket of mode 0600.

        Its root account comes from the environment, as this one's does.
        """
        own = ["--port", socket_path, "--socket-perm", "0600", "--quiet"]
        return [self._program, *own, *self._backend()]

    def _backend(self) -> list[str]:
        words = ["posix", "--versioning-dir", str(self.versioning_dir)]
        if self.sidecar is not None:
            words += ["--sidecar", str(self.sidecar)]
        return [*words, str(self.root)]

    @contextmanager
    def client(self, *, checksums: bool = True) -> Iterator[BaseClient]:
        """Give a boto3 client. checksums False: send none, so that the gateway makes its own."""
        with s3_client(self.url, self.account, checksums=checksums) as client:
            yield client


@contextmanager
def s3_client(
    url: str, account: Account, *, checksums: bool = True, attempts: int = 0
) -> Iterator[BaseClient]:
    """Give a boto3 client of any endpoint. attempts: how often boto3 itself tries again."""
    mode = "when_supported" if checksums else "when_required"
    session = boto3.session.Session(
        aws_access_key_id=account.access,
        aws_secret_access_key=account.secret,
        region_name=REGION,
    )
    client = session.client(
        "s3",
        endpoint_url=url,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": attempts},
            max_pool_connections=16,
            request_checksum_calculation=mode,
            response_checksum_validation="when_required",
        ),
    )
    with contextlib.closing(client):
        yield client


def own_mounts() -> list[str]:
    """Return a prefix that gives a gateway mounts of its own, so that none of them leaks.

    Raises Missing where that takes more rights than we have.
    """
    program = shutil.which("unshare")
    if program is None or os.geteuid() != 0:
        raise Missing("a mount namespace for a gateway", needs="root, and unshare of util-linux")
    return [program, "--mount", "--propagation", "private", "--"]


def _need_user_attributes(folder: Path) -> None:
    try:
        os.setxattr(folder, "user.vgwm-lab", b"1")
        os.removexattr(folder, "user.vgwm-lab")
    except OSError as error:
        raise Missing(
            f"user attributes in {folder}", needs="a file system with user.* attributes for TMPDIR"
        ) from error
