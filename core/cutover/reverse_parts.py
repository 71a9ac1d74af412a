"""The two bodies of a multipart upload that are XML. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from core.errors import Broken

if TYPE_CHECKING:
    from collections.abc import Sequence


def upload_id(body: bytes) -> str:
    """Return the id in the answer to a begun upload. Raises Broken for another answer."""
    _, begin, behind = body.partition(b"<UploadId>")
    found, end, _ = behind.partition(b"</UploadId>")
    if not begin or not end:
        raise Broken(
            what="an upload was begun, and its id is not told",
            where="private writer",
            remedy="Look whether its socket is that of a blue gateway.",
        )
    return unescape(found.decode())


def complete_body(etags: Sequence[str]) -> bytes:
    """Return the body that ends an upload. etags: of its parts, in order, as they were told."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
