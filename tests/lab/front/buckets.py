"""Buckets: made, removed, listed, and the little that is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.lab.front import documents
from tests.lab.front.body import go_on
from tests.lab.front.call import iso_date, now_ns
from tests.lab.front.faults import S3Fault
from tests.lab.front.table import Bucket

if TYPE_CHECKING:
    from tests.lab.front.call import Call
    from tests.lab.front.state import Front


def listed(front: Front) -> web.Response:
    """ListBuckets."""
    root = documents.document("ListAllMyBucketsResult")
    root.add("Owner").add("ID", front.account)
    found = root.add("Buckets")
    for bucket in front.table.buckets():
        node = found.add("Bucket")
        node.add("Name", bucket.name)
        node.add("CreationDate", iso_date(bucket.created_us))
    return root.answer()


async def make(front: Front, call: Call) -> web.Response:
    """CreateBucket."""
    await go_on(call)
    async with front.gate.writing(call.bucket):
        if front.table.bucket(call.bucket) is not None:
            raise S3Fault("BucketAlreadyOwnedByYou")
        made_us = now_ns() // 1_000
        row = Bucket(name=call.bucket, created_us=made_us, document={"owner": front.account})
        await front.table.put_bucket(row)
        front.journal.write("make_bucket", call.bucket, "")
    return web.Response(headers={"Location": f"/{call.bucket}"})


async def remove(front: Front, call: Call) -> web.Response:
    """DeleteBucket: an empty one."""
    async with front.gate.writing(call.bucket):
        front.bucket(call.bucket)
        if next(front.table.after(call.bucket, ""), None) is not None:
            raise S3Fault("BucketNotEmpty")
        await front.table.remove_bucket(call.bucket)
        front.journal.write("remove_bucket", call.bucket, "")
    return web.Response(status=204)


def head(front: Front, call: Call) -> web.Response:
    """HeadBucket."""
    front.bucket(call.bucket)
    return web.Response(headers={"x-amz-bucket-region": front.region})


def location(front: Front, call: Call) -> web.Response:
    """GetBucketLocation."""
    front.bucket(call.bucket)
    return documents.document("LocationConstraint").answer()


def versioning(front: Front, call: Call) -> web.Response:
    """GetBucketVersioning: this front keeps current objects only."""
    front.bucket(call.bucket)
    return documents.document("VersioningConfiguration").answer()
