"""XML of an endpoint that is not trusted: no entities, no declarations, a limit of bytes. Pure.

May import the errors and `display`.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from core.display import safe
from core.errors import Broken

XML_BYTES: Final = 16 << 20
"""Limit of an answer in XML: a page of 1,000 keys of 1,024 encoded bytes takes 4 MB."""

_ENCODING: Final = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)["']""")
_SHOWN: Final = 60
_READ: Final = frozenset({b"utf-8", b"us-ascii"})


def parse(body: bytes, where: str) -> ET.Element:
    """Return the root of a document. Raises Broken for one that is none, or that declares anything.

    A document type could define entities that grow without end, or name files of this host. Other
    encodings could hide one.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    declared = _ENCODING.match(text)
    if not text.startswith(b"<"):
        raise _refused("is no XML", where)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise _refused("declares entities", where)
    if b"\0" in text or (declared and declared.group(1).lower() not in _READ):
        raise _refused("is not in UTF-8", where)
    try:
        return ET.fromstring(text)  # noqa: S314 - see above
    except (ET.ParseError, ValueError) as error:
        raise _refused(f"cannot be read: {safe(str(error))}", where) from error


def parse_as(name: str, body: bytes, where: str) -> ET.Element:
    """Return the root of a document of that name, whatever its namespace. Raises as `parse`.

    A page of a proxy is XML, too: taken for a listing it would tell of no object at all.
    """
    root = parse(body, where)
    if local(root.tag) != name:
        raise _refused(f"is a {safe(local(root.tag)[:_SHOWN])}, no {name}", where)
    return root


def namespace(root: ET.Element) -> str:
    """Return what stands before the name of each element: `{..}`, or nothing."""
    return root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""


def local(tag: str) -> str:
    """Return an element's name without its namespace."""
    return tag.rpartition("}")[2]


def _refused(fault: str, where: str) -> Broken:
    return Broken(
        what=f"the endpoint's answer {fault}",
        where=where,
        remedy="Is it an S3 endpoint? Nothing of the answer was used.",
    )
