"""A source that does not stand still: boto3 clients that put, overwrite, delete, tag and share.

Nobody keeps a journal: once the writers have stopped, what S3 answers is the truth.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

    from tests.lab.gateway import Gateway

PLAIN: Final = "live-plain"
VERSIONED: Final = "live-versions"
LATE: Final = "live-late"
"""Made while the writers are at work, and removed by nobody."""

KIB: Final = 1024
SIZES: Final = (0, 1, 700, 4 * KIB, 4 * KIB, 30_000)
WIDE: Final = (1_100_000, 2_300_000)
FOLDERS: Final = 12
NAMES: Final = 60

LOST_RACES: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "InternalError"}
)
"""Another writer was first, or the current version is a delete marker. The gateway says
InternalError of a copy whose source goes under it; what it did then is asked of it at the end."""

NOT_THERE: Final = frozenset({"NotImplemented", "501", "AccessControlListNotSupported"})
"""What this gateway does not offer; counted, so that the test can say what was not tried."""


class Writers:
    """Threads with a client each, until `stop`. done: how often each thing was done."""

    def __init__(self, gateway: Gateway, *, seed: int, writers: int) -> None:
        self.done: Counter[str] = Counter()
        self.lacking: Counter[str] = Counter()
        self._gateway = gateway
        self._stop = threading.Event()
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(seed + n,), name=f"writer {n}", daemon=True)
            for n in range(writers)
        ]
        with gateway.client() as client:
            for bucket in (PLAIN, VERSIONED):
                client.create_bucket(Bucket=bucket)
                client.put_bucket_ownership_controls(
                    Bucket=bucket,
                    OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
                )
            client.put_bucket_versioning(
                Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"}
            )
            hand = _Hand(client, random.Random(seed))  # noqa: S311 - a load that can be repeated
            for _ in range(FOLDERS * NAMES // 2):
                hand.put(hand.key())

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every writer end what it is at, and raise what went wrong."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if any(thread.is_alive() for thread in self._threads):
            raise LabError("a writer hangs")
        if self._faults:
            raise LabError(f"a writer stumbled: {self._faults[0]!r}") from self._faults[0]

    @property
    def total(self) -> int:
        return sum(self.done.values())

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a load that can be repeated
        try:
            with self._gateway.client() as client:
                hand = _Hand(client, chance)
                names, weights = zip(*WEIGHTS.items(), strict=True)
                while not self._stop.is_set():
                    (name,) = chance.choices(names, weights)
                    self._one(name, hand)
        except Exception as error:  # noqa: BLE001 - told by stop()
            self._faults.append(error)

    def _one(self, name: str, hand: _Hand) -> None:
        act: Callable[[tuple[str, str]], None] = getattr(hand, name)
        try:
            act(hand.key())
        except ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code in NOT_THERE:
                self.lacking[name] += 1
            elif code not in LOST_RACES:
                raise
        else:
            self.done[name] += 1


WEIGHTS: Final = {
    "put": 40,
    "wide": 3,
    "delete": 14,
    "tag": 14,
    "untag": 5,
    "share": 2,
    "share_bucket": 3,
    "describe": 8,
    "copy": 6,
    "multipart": 0.2,
    "settings": 1,
}


class _Hand:
    """What one client does to one object."""

    def __init__(self, client: BaseClient, chance: random.Random) -> None:
        self._s3 = client
        self._chance = chance

    def key(self) -> tuple[str, str]:
        """A bucket and a key: of few, so that most are there already."""
        chance = self._chance
        bucket = chance.choice((PLAIN, PLAIN, VERSIONED))
        folder, name = chance.randrange(FOLDERS), chance.randrange(NAMES)
        odd = chance.choice(("", "", "", " é", "+%"))
        return bucket, f"d{folder:02d}/k{name:03d}{odd}"

    def put(self, at: tuple[str, str]) -> None:
        self._put(at, self._chance.choice(SIZES))

    def wide(self, at: tuple[str, str]) -> None:
        self._put(at, self._chance.choice(WIDE))

    def _put(self, at: tuple[str, str], size: int) -> None:
        chance = self._chance
        more = {"Tagging": f"team=t{chance.randrange(9)}"} if chance.random() < 0.3 else {}
        self._s3.put_object(
            **_named(at),
            Body=chance.randbytes(size),
            ContentType=chance.choice(("text/plain", "application/x-lab")),
            Metadata={"round": str(chance.randrange(10**6))},
            **more,
        )

    def delete(self, at: tuple[str, str]) -> None:
        self._s3.delete_object(**_named(at))

    def tag(self, at: tuple[str, str]) -> None:
        tags = [{"Key": "n", "Value": str(self._chance.randrange(10**6))}]
        self._s3.put_object_tagging(**_named(at), Tagging={"TagSet": tags})

    def untag(self, at: tuple[str, str]) -> None:
        self._s3.delete_object_tagging(**_named(at))

    def share(self, at: tuple[str, str]) -> None:
        """Change an object's own ACL; a gateway over a file system has none, and says so."""
        self._s3.put_object_acl(**_named(at), ACL=self._chance.choice(("private", "public-read")))

    def share_bucket(self, at: tuple[str, str]) -> None:
        acl = self._chance.choice(("private", "public-read", "public-read-write"))
        self._s3.put_bucket_acl(Bucket=at[0], ACL=acl)

    def describe(self, at: tuple[str, str]) -> None:
        """Give an object other metadata by a copy onto itself: its bytes stay."""
        self._s3.copy_object(
            **_named(at),
            CopySource=_named(at),
            MetadataDirective="REPLACE",
            Metadata={"described": str(self._chance.randrange(10**6))},
        )

    def copy(self, at: tuple[str, str]) -> None:
        self._s3.copy_object(**_named(self.key()), CopySource=_named(at))

    def multipart(self, at: tuple[str, str]) -> None:
        upload = self._s3.create_multipart_upload(**_named(at))["UploadId"]
        parts = []
        for number, size in ((1, 5 * KIB * KIB), (2, 1_000)):
            told = self._s3.upload_part(
                **_named(at),
                UploadId=upload,
                PartNumber=number,
                Body=self._chance.randbytes(size),
            )
            parts.append({"PartNumber": number, "ETag": told["ETag"]})
        self._s3.complete_multipart_upload(
            **_named(at), UploadId=upload, MultipartUpload={"Parts": parts}
        )

    def settings(self, at: tuple[str, str]) -> None:
        """Change a bucket's own settings, or make one more bucket."""
        bucket, number = at[0], str(self._chance.randrange(10**6))
        which = self._chance.randrange(3)
        if which == 0:
            self._s3.put_bucket_tagging(
                Bucket=bucket, Tagging={"TagSet": [{"Key": "n", "Value": number}]}
            )
        elif which == 1:
            self._s3.put_bucket_policy(Bucket=bucket, Policy=_policy(bucket, number))
        else:
            self._late(number)

    def _late(self, number: str) -> None:
        try:
            self._s3.create_bucket(Bucket=LATE)
        except ClientError as error:
            if "BucketAlready" not in str(error.response["Error"].get("Code", "")):
                raise
        self._s3.put_object(Bucket=LATE, Key=f"k{number[-1]}", Body=number.encode())


def _named(at: tuple[str, str]) -> dict[str, str]:
    return {"Bucket": at[0], "Key": at[1]}


def _policy(bucket: str, number: str) -> str:
    statement = {
        "Sid": f"n{number}",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
