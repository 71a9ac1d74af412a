"""The XML that S3 speaks, made and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from aiohttp import web

from tests.lab.front.faults import XML_HEAD, S3Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"


class Node:
    """An element under way: `node.add(name, text)` gives the child."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    def add(self, name: str, text: str = "") -> Node:
        child = ET.SubElement(self._element, name)
        child.text = text
        return Node(child)

    def answer(self, status: int = 200) -> web.Response:
        body = XML_HEAD.encode() + ET.tostring(self._element, "utf-8")
        return web.Response(status=status, body=body, content_type="application/xml")


def document(name: str) -> Node:
    """Begin a document of S3's namespace."""
    return Node(ET.Element(name, {"xmlns": NAMESPACE}))


def read(body: bytes) -> ET.Element:
    """Return a document's root; MalformedXML if it is none."""
    try:
        return ET.fromstring(body)  # noqa: S314 - a test part on loopback
    except ET.ParseError as error:
        raise S3Fault("MalformedXML") from error


def named(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """Yield the elements of that name at any depth, whatever their namespace."""
    return (one for one in element.iter() if one.tag.rpartition("}")[2] == name)


def text(element: ET.Element, name: str) -> str:
    """Return the text of the first element of that name, "" without one."""
    return next((one.text or "" for one in named(element, name)), "")
