"""Writing through the gateway by boto3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.client import BaseClient

    from tests.lab.gateway import Gateway
    from tests.lab.tree.puts import Put

THREADS = 4


def write(gateway: Gateway, puts: Iterable[Put]) -> None:
    """Write everything, several at a time; the buckets exist."""
    with (
        gateway.client() as summing,
        gateway.client(checksums=False) as bare,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        for done in threads.map(lambda p: one(summing if p.algorithm else bare, p), puts):
            assert done is None


def one(client: BaseClient, put: Put) -> None:
    """Write one object, in one request or by parts."""
    if put.part_sizes:
        _by_parts(client, put)
        return
    more = {"ChecksumAlgorithm": put.algorithm} if put.algorithm else {}
    client.put_object(Bucket=put.bucket, Key=put.key, Body=put.body, **more, **put.options)


def _by_parts(client: BaseClient, put: Put) -> None:
    where = {"Bucket": put.bucket, "Key": put.key}
    more = {"ChecksumAlgorithm": put.algorithm} if put.algorithm else {}
    upload = client.create_multipart_upload(**where, **more, **put.options)["UploadId"]
    parts = []
    ends = list(accumulate(put.part_sizes))
    for number, size, end in zip(put.part_numbers, put.part_sizes, ends, strict=True):
        told = client.upload_part(
            **where, **more, UploadId=upload, PartNumber=number, Body=put.body[end - size : end]
        )
        part = {"PartNumber": number, "ETag": told["ETag"]}
        parts.append(part | {k: v for k, v in told.items() if k.startswith("Checksum")})
    client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
