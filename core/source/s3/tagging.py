"""The tags of an object, as a posix backend keeps them. Pure. May import its own room."""

from __future__ import annotations

import json

from core.source.s3.xml import local, parse_as


def tags_of(body: bytes, where: str) -> dict[str, str]:
    """Return the tags of a `Tagging` document. Raises Broken for one that is none."""
    found: dict[str, str] = {}
    for element in parse_as("Tagging", body, where).iter():
        if local(element.tag) != "Tag":
            continue
        pair = {local(child.tag): child.text or "" for child in element}
        if "Key" in pair:
            found[pair["Key"]] = pair.get("Value", "")
    return found


def tags_attribute(body: bytes, where: str) -> bytes:
    """Return the tags as the attribute `X-Amz-Tagging`; b"" for none. Raises as above."""
    tags = tags_of(body, where)
    return json.dumps(tags, ensure_ascii=False, sort_keys=True).encode() if tags else b""
