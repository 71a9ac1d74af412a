"""Writers through the load balancers: each goes on with an operation until it is acknowledged.

Every key has one writer, so that its last acknowledged operation says what it holds.
"""

from __future__ import annotations

import hashlib
import random
import time
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tests.lab.gateway import s3_client
from tests.lab.load.crowd import Crowd
from tests.lab.load.journal import Attempt, Told
from tests.lab.load.sides import side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.client import BaseClient

    from tests.lab.gateway import Account
    from tests.lab.load.journal import Journal

SIZES: Final = (0, 1, 700, 4_096, 30_000, 1_100_000)
WEIGHTS: Final = (1, 2, 8, 8, 4, 1)
AGAIN_S: Final = 0.05
"""How long a writer waits after a refusal: far less than an SDK, to see the fence's true length."""

HELD: Final = 503

MOST: Final = 60
"""Keys of one writer at a time: however long a story takes, reading them all back takes seconds."""


class Writers:
    """Threads with a client each, spread over the load balancers. pause_s: after each operation.

    A writer puts new keys, overwrites its own and deletes some of them.
    """

    def __init__(  # noqa: PLR0913 - what a load is made of
        self,
        urls: Sequence[str],
        account: Account,
        buckets: Sequence[str],
        journal: Journal,
        *,
        count: int,
        seed: int,
        pause_s: float = 0.08,
    ) -> None:
        self._urls = urls
        self._account = account
        self._buckets = buckets
        self._journal = journal
        self._pause_s = pause_s
        self._seed = seed
        self._crowd = Crowd("writer", count, self._act)
        self.start = self._crowd.start

    def stop(self, limit_s: float = 60) -> None:
        """Let each end its operation, acknowledged; raise what went wrong."""
        self._crowd.stop(limit_s)

    def _act(self, number: int) -> None:
        with s3_client(self._urls[number % len(self._urls)], self._account) as client:
            chance = random.Random(self._seed + number)  # noqa: S311 - a load that can be repeated
            hand = _Hand(client, self._journal, f"w{number}", chance)
            while not self._crowd.over.is_set():
                hand.act(self._buckets)
                self._crowd.over.wait(self._pause_s)


class _Hand:
    """One writer's operations on keys of its own."""

    def __init__(
        self, client: BaseClient, journal: Journal, name: str, chance: random.Random
    ) -> None:
        self._s3 = client
        self._journal = journal
        self._name = name
        self._chance = chance
        self._made: list[tuple[str, str]] = []

    def act(self, buckets: Sequence[str]) -> None:
        chance = self._chance
        if self._made and chance.random() < 0.2:
            bucket, key = self._made.pop(chance.randrange(len(self._made)))
            self._until_done("delete", bucket, key, None)
            return
        if self._made and (len(self._made) == MOST or chance.random() < 0.3):
            bucket, key = chance.choice(self._made)
        else:
            bucket = chance.choice(buckets)
            key = f"live/{self._name}/{len(self._made):03}-{chance.randrange(10**9)}"
            self._made.append((bucket, key))
        (size,) = chance.choices(SIZES, WEIGHTS)
        self._until_done("put", bucket, key, chance.randbytes(size))

    def _until_done(self, op: str, bucket: str, key: str, body: bytes | None) -> None:
        digest = "" if body is None else hashlib.sha256(body).hexdigest()
        self._journal.begin(bucket, key)
        while self._attempt(op, bucket, key, body, digest) is not Told.DONE:
            time.sleep(AGAIN_S)
        self._journal.settle(bucket, key, digest)

    def _attempt(self, op: str, bucket: str, key: str, body: bytes | None, digest: str) -> Told:
        began_ns = time.monotonic_ns()
        try:
            if body is None:
                answer = self._s3.delete_object(Bucket=bucket, Key=key)
            else:
                answer = self._s3.put_object(
                    Bucket=bucket, Key=key, Body=body, Metadata={"writer": self._name}
                )
            told, meta = Told.DONE, answer["ResponseMetadata"]
        except ClientError as error:
            meta = error.response["ResponseMetadata"]
            told = Told.HELD if meta["HTTPStatusCode"] == HELD else Told.UNKNOWN
        except BotoCoreError:
            told, meta = Told.UNKNOWN, {}
        self._journal.add(
            Attempt(
                client=self._name,
                op=op,
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
        return told
