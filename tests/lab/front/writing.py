"""PUT, copy and DELETE of objects: bytes first, then the row, then the journal and the answer."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from tests.lab.front import documents, sums
from tests.lab.front.body import go_on, receive
from tests.lab.front.call import iso_date, now_ns
from tests.lab.front.faults import S3Fault
from tests.lab.front.reading import META, PLAIN
from tests.lab.front.table import PENDING, Entry

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from tests.lab.front.blocks import Kept
    from tests.lab.front.call import Call
    from tests.lab.front.state import Front

COPY: Final = "x-amz-copy-source"
TAGGING: Final = "x-amz-tagging"
MAX_XML: Final = 2 << 20


async def put(front: Front, call: Call) -> web.Response:
    """PutObject."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    body = await receive(call, front.spool)
    with closing(body.file):
        kept = await front.blocks.add(body.file)
    checksums = {**body.checksums, "type": "FULL_OBJECT"}
    document = attributes(call) | {"etag": body.md5.hex(), "checksums": checksums}
    entry = await write(front, call, kept, body.size, document, op="put")
    headers = {"ETag": f'"{entry.text("etag")}"', f"{sums.HEADER}type": "FULL_OBJECT"}
    headers |= {sums.HEADER + name: value for name, value in body.checksums.items()}
    return web.Response(headers=headers)


async def write(  # noqa: PLR0913, PLR0917 - what a row is made of
    front: Front, call: Call, kept: Kept, size: int, document: dict[str, object], op: str
) -> Entry:
    """Make an object visible: its row, as the profile says, without our mark."""
    now = now_ns()
    whole = document | {
        "mtime_ns": str(now),
        "owner": front.owner(front.bucket(call.bucket)),
        "pin": {"path": kept.path, "root": kept.root},
        "v": 1,
    }
    entry = Entry(
        bucket=call.bucket,
        key=call.key,
        cid=kept.cid,
        size=size,
        created_us=now // 1_000,
        updated_us=now // 1_000,
        document={name: value for name, value in whole.items() if value != {}},
        pin_status=PENDING,
    )
    async with front.gate.writing(call.bucket):
        present = front.table.get(call.bucket, call.key)
        wanted = call.headers.get("If-Match")
        if wanted and (present is None or wanted.strip('"') != present.text("etag")):
            raise S3Fault("PreconditionFailed")
        alone = call.headers.get("If-None-Match") == "*"
        if not await front.table.put(entry, unless_there=alone):
            raise S3Fault("PreconditionFailed")
        front.journal.write(op, call.bucket, call.key, entry.text("etag"))
    return entry


def attributes(call: Call) -> dict[str, object]:
    """Return what a request says of the object that it makes."""
    found: dict[str, object] = {
        member: call.headers[name] for name, member in PLAIN.items() if name in call.headers
    }
    found["user"] = {
        name.lower().removeprefix(META): value
        for name, value in call.headers.items()
        if name.lower().startswith(META)
    }
    found["tags"] = dict(parse_qsl(call.headers.get(TAGGING, ""), keep_blank_values=True))
    return found


def source(front: Front, call: Call) -> Entry:
    """Return the object that a copy names as its source."""
    bucket, _, key = unquote(call.headers[COPY].partition("?")[0]).lstrip("/").partition("/")
    return front.entry(bucket, key)


async def copy(front: Front, call: Call) -> web.Response:
    """CopyObject: another row for the same content."""
    front.bucket(call.bucket)
    front.gate.refuse_fenced(call.bucket)
    await go_on(call)
    old = source(front, call)
    replaces = call.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
    if not replaces and (old.bucket, old.key) == (call.bucket, call.key):
        raise S3Fault("InvalidRequest")
    kept = await front.blocks.keep(old)
    document = _without_place(old.document)
    if replaces:
        asked = attributes(call)
        asked.pop("tags")
        stays = {name: document[name] for name in ("etag", "checksums", "tags") if name in document}
        document = asked | stays
    if call.headers.get("x-amz-tagging-directive", "COPY") == "REPLACE":
        document["tags"] = attributes(call)["tags"]
    entry = await write(front, call, kept, old.size, document, op="copy")
    root = documents.document("CopyObjectResult")
    root.add("LastModified", iso_date(entry.updated_us))
    root.add("ETag", f'"{entry.text("etag")}"')
    return root.answer()


def _without_place(document: dict[str, object]) -> dict[str, object]:
    """Return what describes the content alone: neither where it lies nor whose it was."""
    own = {"mtime_ns", "owner", "pin", "v", "version_id", "vgwm"}
    return {name: value for name, value in document.items() if name not in own}


async def delete(front: Front, call: Call) -> web.Response:
    """DeleteObject: of what is not there, too."""
    front.bucket(call.bucket)
    await _remove(front, call.bucket, call.key)
    return web.Response(status=204)


async def _remove(front: Front, bucket: str, key: str) -> None:
    async with front.gate.writing(bucket):
        if front.table.get(bucket, key) is not None:
            await front.table.remove(bucket, key)
            front.journal.write("delete", bucket, key)


async def delete_many(front: Front, call: Call) -> web.Response:
    """DeleteObjects."""
    front.bucket(call.bucket)
    asked = await document_of(front, call)
    quiet = documents.text(asked, "Quiet") == "true"
    root = documents.document("DeleteResult")
    for one in documents.named(asked, "Object"):
        key = documents.text(one, "Key")
        await _remove(front, call.bucket, key)
        if not quiet:
            root.add("Deleted").add("Key", key)
    return root.answer()


async def put_tags(front: Front, call: Call) -> web.Response:
    """PutObjectTagging."""
    front.entry(call.bucket, call.key)
    front.gate.refuse_fenced(call.bucket)
    asked = await document_of(front, call)
    tags = {
        documents.text(one, "Key"): documents.text(one, "Value")
        for one in documents.named(asked, "Tag")
    }
    if any(not name for name in tags):
        raise S3Fault("InvalidTag")
    await _tag(front, call, tags)
    return web.Response()


async def delete_tags(front: Front, call: Call) -> web.Response:
    """DeleteObjectTagging."""
    await _tag(front, call, {})
    return web.Response(status=204)


async def _tag(front: Front, call: Call, tags: dict[str, str]) -> None:
    """Change the row and nothing else of the object; it is not ours any more."""
    async with front.gate.writing(call.bucket):
        entry = front.entry(call.bucket, call.key)
        document = {name: v for name, v in entry.document.items() if name not in {"tags", "vgwm"}}
        if tags:
            document["tags"] = tags
        await front.table.put(replace(entry, document=document))
        front.journal.write("tag", call.bucket, call.key, entry.text("etag"))


def tags(front: Front, call: Call) -> web.Response:
    """GetObjectTagging."""
    root = documents.document("Tagging")
    found = root.add("TagSet")
    for name, value in front.entry(call.bucket, call.key).texts("tags").items():
        tag = found.add("Tag")
        tag.add("Key", name)
        tag.add("Value", value)
    return root.answer()


async def document_of(front: Front, call: Call) -> ET.Element:
    """Return the XML that a request carries."""
    if int(call.headers.get("Content-Length", "0")) > MAX_XML:
        raise S3Fault("MalformedXML")
    body = await receive(call, front.spool)
    with closing(body.file):
        return documents.read(body.file.read())
