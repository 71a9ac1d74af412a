"""Growing the whole tree: write, then ask."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.s3 import S3Reader
from tests.lab.tree import ask, behind, history, write
from tests.lab.tree.puts import all_puts
from tests.lab.tree.told import TreeTold

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.gateway import Gateway
    from tests.lab.tree.told import ObjectTold

HISTORIES = ("lab-versions", "lab-suspended", "lab-locked")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::lab-bulk/*"],
        }
    ],
}
CORS = {
    "CORSRules": [
        {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], "MaxAgeSeconds": 60}
    ]
}


@dataclass(frozen=True, slots=True)
class GatewayTree:
    """A running gateway, and what it says of everything in it. Nobody writes to it any more."""

    gateway: Gateway
    told: TreeTold

    @property
    def init_words(self) -> list[str]:
        """The options by which `vgwm init` is told of this source."""
        gateway = self.gateway
        words = ["--source", f"posix:{gateway.root}"]
        words += ["--versioning-dir", str(gateway.versioning_dir)]
        if gateway.sidecar is not None:
            words += ["--sidecar", str(gateway.sidecar)]
        return words

    def folders(self) -> list[Path]:
        """Where the source lies: nothing in it may change (I6)."""
        gateway = self.gateway
        all_three = (gateway.root, gateway.versioning_dir, gateway.sidecar)
        return [folder for folder in all_three if folder is not None]


def grow(gateway: Gateway) -> TreeTold:
    """Fill an empty gateway and return what S3 says of it. About 2,000 objects, 70 MB."""
    puts = list(all_puts())
    names = sorted({put.bucket for put in puts})
    with gateway.client() as client:
        for name in names:
            client.create_bucket(Bucket=name)
        _settings(client)
        write.write(gateway, puts)
        history.write(client)
        by_hand, skips = behind.write(gateway, client)
    with S3Reader(gateway) as reader:
        objects = [ask.of_put(reader, put) for put in puts]
        objects += [told for name in HISTORIES for told in ask.history(reader, name)]
        objects += [ask.current(reader, behind.BUCKET, key) for key in by_hand]
        buckets = [ask.bucket(reader, name) for name in (*names, *HISTORIES, behind.BUCKET)]
    if gateway.sidecar is not None:
        skips.append(history.HIDDEN)
        objects = [o for o in objects if not _hidden(o)]
    return TreeTold(
        owner=gateway.account.access,
        buckets=tuple(buckets),
        objects=tuple(objects),
        skips=tuple(skips),
    )


def _hidden(told: ObjectTold) -> bool:
    hidden = history.HIDDEN
    return (told.bucket, told.key.encode(), told.version) == (hidden.bucket, hidden.name, "")


def _settings(client: BaseClient) -> None:
    client.put_bucket_policy(Bucket="lab-bulk", Policy=json.dumps(POLICY))
    client.put_bucket_cors(Bucket="lab-bulk", CORSConfiguration=CORS)
    client.put_bucket_tagging(
        Bucket="lab-bulk", Tagging={"TagSet": [{"Key": "team", "Value": "ops é"}]}
    )
