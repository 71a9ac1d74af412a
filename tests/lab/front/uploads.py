"""Multipart uploads: parts lie as files below the spool until the object is put together."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from tests.lab.front import documents, sums
from tests.lab.front.body import go_on, receive
from tests.lab.front.call import iso_date, now_ns
from tests.lab.front.faults import S3Fault
from tests.lab.front.writing import attributes, document_of, source, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree import ElementTree as ET

    from tests.lab.front.call import Call
    from tests.lab.front.state import Front

LEAST: Final = 5 << 20
"""What every part but the last must hold."""

PIECE: Final = 1 << 20


class Part(NamedTuple):
    """A part as the completing request names it."""

    path: Path
    size: int
    md5: bytes


async def begin(front: Front, call: Call) -> web.Response:
    """CreateMultipartUpload."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    name = secrets.token_hex(16)
    folder = front.spool / "uploads" / name
    folder.mkdir(parents=True)
    about = {
        "bucket": call.bucket,
        "key": call.key,
        "made_us": now_ns() // 1_000,
        "document": attributes(call),
    }
    (folder / "about.json").write_text(json.dumps(about))
    root = documents.document("InitiateMultipartUploadResult")
    root.add("Bucket", call.bucket)
    root.add("Key", call.key)
    root.add("UploadId", name)
    return root.answer()


async def put_part(front: Front, call: Call) -> web.Response:
    """UploadPart."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    folder = _folder(front, call)
    number = _number(call)
    body = await receive(call, front.spool)
    with closing(body.file):
        _keep(folder, number, body.md5, iter(lambda: body.file.read(PIECE), b""))
    headers = {"ETag": f'"{body.md5.hex()}"'}
    headers |= {sums.HEADER + name: value for name, value in body.checksums.items()}
    return web.Response(headers=headers)


async def copy_part(front: Front, call: Call) -> web.Response:
    """UploadPartCopy, with a range or of the whole."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    await go_on(call)
    folder, number, old = _folder(front, call), _number(call), source(front, call)
    first, last = 0, old.size - 1
    asked = call.headers.get("x-amz-copy-source-range", "")
    if asked:
        begin_at, _, end_at = asked.removeprefix("bytes=").partition("-")
        first, last = int(begin_at), int(end_at)
    if last >= old.size:
        raise S3Fault("InvalidRange")
    pieces = [piece async for piece in await front.blocks.read(old, first, last - first + 1)]
    md5 = hashlib.md5(b"".join(pieces), usedforsecurity=False).digest()
    _keep(folder, number, md5, iter(pieces))
    root = documents.document("CopyPartResult")
    root.add("LastModified", iso_date(now_ns() // 1_000))
    root.add("ETag", f'"{md5.hex()}"')
    return root.answer()


async def complete(front: Front, call: Call) -> web.Response:
    """CompleteMultipartUpload: the object becomes visible here, and whole."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    folder = _folder(front, call)
    parts = _named(folder, await document_of(front, call))
    whole = folder / "whole"
    total = sums.begin(sums.OWN)
    ends: list[int] = []
    with whole.open("w+b") as file:
        for part in parts:
            with part.path.open("rb") as one:
                while piece := one.read(PIECE):
                    file.write(piece)
                    total.update(piece)
            ends.append(file.tell())
        kept = await front.blocks.add(file)
    digest = hashlib.md5(b"".join(part.md5 for part in parts), usedforsecurity=False).hexdigest()
    document = dict(json.loads((folder / "about.json").read_text())["document"])
    document |= {
        "etag": f"{digest}-{len(parts)}",
        "checksums": {sums.OWN: sums.text(total), "type": "FULL_OBJECT"},
        "parts": ends,
    }
    entry = await write(front, call, kept, ends[-1], document, op="multipart")
    shutil.rmtree(folder)
    root = documents.document("CompleteMultipartUploadResult")
    root.add("Bucket", call.bucket)
    root.add("Key", call.key)
    root.add("ETag", f'"{entry.text("etag")}"')
    return root.answer()


async def abort(front: Front, call: Call) -> web.Response:
    """AbortMultipartUpload."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    shutil.rmtree(_folder(front, call))
    return web.Response(status=204)


def parts(front: Front, call: Call) -> web.Response:
    """ListParts, on one page."""
    front.bucket(call.bucket)
    root = documents.document("ListPartsResult")
    root.add("Bucket", call.bucket)
    root.add("Key", call.key)
    root.add("UploadId", call.query["uploadId"])
    root.add("IsTruncated", "false")
    for path in sorted(_folder(front, call).glob("part-*.json")):
        told = json.loads(path.read_text())
        node = root.add("Part")
        node.add("PartNumber", str(told["number"]))
        node.add("ETag", f'"{told["md5"]}"')
        node.add("Size", str(told["size"]))
        node.add("LastModified", iso_date(told["made_us"]))
    return root.answer()


def under_way(front: Front, call: Call) -> web.Response:
    """ListMultipartUploads of a bucket, on one page."""
    front.bucket(call.bucket)
    root = documents.document("ListMultipartUploadsResult")
    root.add("Bucket", call.bucket)
    root.add("IsTruncated", "false")
    for path in sorted((front.spool / "uploads").glob("*/about.json")):
        told = json.loads(path.read_text())
        if told["bucket"] == call.bucket:
            node = root.add("Upload")
            node.add("Key", told["key"])
            node.add("UploadId", path.parent.name)
            node.add("Initiated", iso_date(told["made_us"]))
    return root.answer()


def _folder(front: Front, call: Call) -> Path:
    name = call.query["uploadId"]
    folder = front.spool / "uploads" / name
    if not name.isalnum() or not folder.is_dir():
        raise S3Fault("NoSuchUpload")
    about = json.loads((folder / "about.json").read_text())
    if (about["bucket"], about["key"]) != (call.bucket, call.key):
        raise S3Fault("NoSuchUpload")
    return folder


def _number(call: Call) -> int:
    text = call.query["partNumber"]
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise S3Fault("InvalidArgument")
    return int(text)


def _keep(folder: Path, number: int, md5: bytes, pieces: Iterator[bytes]) -> None:
    """Store a part, then its description: without that it is not there."""
    path = folder / f"part-{number:05}"
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        size = file.tell()
    beside.replace(path)
    told = {"number": number, "size": size, "md5": md5.hex(), "made_us": now_ns() // 1_000}
    path.with_suffix(".json").write_text(json.dumps(told))


def _named(folder: Path, asked: ET.Element) -> list[Part]:
    """Return the parts that a completing request names, in its order."""
    found: list[Part] = []
    last = 0
    for one in documents.named(asked, "Part"):
        number = int(documents.text(one, "PartNumber"))
        if number <= last:
            raise S3Fault("InvalidPartOrder")
        last = number
        path = folder / f"part-{number:05}.json"
        told = json.loads(path.read_text()) if path.exists() else {}
        if told.get("md5") != documents.text(one, "ETag").strip('"'):
            raise S3Fault("InvalidPart")
        found.append(Part(path.with_suffix(""), told["size"], bytes.fromhex(told["md5"])))
    if not found:
        raise S3Fault("MalformedXML")
    if any(part.size < LEAST for part in found[:-1]):
        raise S3Fault("EntityTooSmall")
    return found
