"""Readers through the load balancers, of objects that nobody writes: each read has to succeed."""

from __future__ import annotations

import hashlib
import random
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tests.lab.gateway import s3_client
from tests.lab.load.crowd import Crowd
from tests.lab.load.journal import Attempt, Told
from tests.lab.load.sides import side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.client import BaseClient

    from tests.lab.gateway import Account
    from tests.lab.load.journal import Journal


class Readers:
    """Threads that get objects in turn. fixed: SHA-256 of each, by bucket and key.

    A read that gives other bytes than those is counted as wrong, in `wrong`.
    """

    def __init__(  # noqa: PLR0913 - what a load is made of
        self,
        urls: Sequence[str],
        account: Account,
        fixed: Mapping[tuple[str, str], str],
        journal: Journal,
        *,
        count: int,
        pause_s: float = 0.05,
    ) -> None:
        self.wrong: list[tuple[str, str]] = []
        self._urls = urls
        self._account = account
        self._fixed = fixed
        self._journal = journal
        self._pause_s = pause_s
        self._crowd = Crowd("reader", count, self._act)
        self.start = self._crowd.start

    def stop(self, limit_s: float = 60) -> None:
        """Let each end its read; raise what went wrong."""
        self._crowd.stop(limit_s)

    def _act(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - a load that can be repeated
        at = sorted(self._fixed)
        with s3_client(self._urls[number % len(self._urls)], self._account) as client:
            while not self._crowd.over.wait(self._pause_s):
                self._read(client, f"r{number}", chance.choice(at))

    def _read(self, client: BaseClient, name: str, at: tuple[str, str]) -> None:
        bucket, key = at
        began_ns = time.monotonic_ns()
        digest = ""
        try:
            answer = client.get_object(Bucket=bucket, Key=key)
            digest = hashlib.sha256(answer["Body"].read()).hexdigest()
            told, meta = Told.DONE, answer["ResponseMetadata"]
            if digest != self._fixed[at]:
                self.wrong.append(at)
        except ClientError as error:
            told, meta = Told.HELD, error.response["ResponseMetadata"]
        except BotoCoreError:
            told, meta = Told.UNKNOWN, {}
        self._journal.add(
            Attempt(
                client=name,
                op="get",
                bucket=bucket,
                key=key,
                digest=digest,
                began_ns=began_ns,
                ended_ns=time.monotonic_ns(),
                told=told,
                status=meta.get("HTTPStatusCode", 0),
                side=side(meta.get("HTTPHeaders", {})),
            )
        )
