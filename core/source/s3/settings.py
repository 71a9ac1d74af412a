"""A bucket's own settings, asked one by one, as the attributes of a posix backend.

A setting that is not there, or that the endpoint does not know, leaves no attribute. Policy, CORS
and website stay the texts that they are. May import the attributes of its sibling, and its own
room.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Final

from core.errors import Broken
from core.source.posix.outcome import Gone, Unreadable
from core.source.s3.refusals import as_error
from core.source.s3.reply import MOST_DIGITS, Reply
from core.source.s3.request import Request, bucket_path, canonical_query
from core.source.s3.tagging import tags_attribute
from core.source.s3.xml import local, parse_as

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from core.source.posix.attributes import Attributes
    from core.source.s3.caller import Caller

_ABSENT: Final = (
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchWebsiteConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ObjectLockConfigurationNotFoundError",
    "VersioningNotConfigured",
    "NotImplemented",
    "501",
)
_VERSIONING: Final = {"Enabled": b"\x01", "Suspended": b"\x00"}


def bucket_attributes(caller: Caller, bucket: bytes, where: str) -> Attributes:
    """Return a bucket's attributes. Raises Denied where one may not be read, BadInput, NoAnswer."""
    told: Attributes = {}
    for query, add in (
        ("acl", _acl),
        ("ownershipControls", _ownership),
        ("policy", _policy),
        ("cors", _cors),
        ("website", _website),
        ("tagging", _tagging),
        ("versioning", _versioning),
        ("object-lock", _lock),
    ):
        body = _asked(caller, bucket, query, where)
        if body:
            add(told, body, where)
    return told


def has_lock(caller: Caller, bucket: bytes, where: str) -> bool:
    """Tell whether a bucket's objects may be locked. Raises as above."""
    return bool(_asked(caller, bucket, "object-lock", where))


def _asked(caller: Caller, bucket: bytes, query: str, where: str) -> bytes:
    """Return a setting's document, b"" where there is none."""
    request = Request("GET", bucket_path(bucket), canonical_query([(query, b"")]))
    got = caller.ask(request, f"{where}, {query}")
    if isinstance(got, Reply):
        return got.body
    if isinstance(got, Unreadable) and got.why.startswith(_ABSENT):
        return b""
    if isinstance(got, Gone):
        return b""
    raise as_error(got, f"{where}, {query}")


def _acl(told: Attributes, body: bytes, where: str) -> None:
    root = parse_as("AccessControlPolicy", body, where)
    owner = _first(root, "Owner")
    grants: list[dict[str, str]] = []
    for element in root.iter():
        if local(element.tag) != "Grant":
            continue
        grantee = _first(element, "Grantee")
        kind = (
            next((v for k, v in grantee.items() if local(k) == "type"), "")
            if grantee is not None
            else ""
        )
        named = _value(grantee, "ID") or _value(grantee, "URI").rpartition("/")[2]
        grants.append({"Permission": _value(element, "Permission"), "Access": named, "Type": kind})
    told["acl"] = json.dumps({"Owner": _value(owner, "ID"), "Grantees": grants}).encode()


def _ownership(told: Attributes, body: bytes, where: str) -> None:
    root = parse_as("OwnershipControls", body, where)
    told["ownership"] = _value(root, "ObjectOwnership").encode()


def _policy(told: Attributes, body: bytes, where: str) -> None:
    if not body.lstrip().startswith(b"{"):  # it is JSON, kept as it stands
        raise Broken(
            what="the endpoint's answer is no policy",
            where=where,
            remedy="Is it an S3 endpoint? Nothing of the answer was used.",
        )
    told["policy"] = body


def _cors(told: Attributes, body: bytes, where: str) -> None:
    parse_as("CORSConfiguration", body, where)
    told["cors"] = body


def _website(told: Attributes, body: bytes, where: str) -> None:
    parse_as("WebsiteConfiguration", body, where)
    told["website"] = gzip.compress(body, mtime=0)  # as a backend keeps it


def _tagging(told: Attributes, body: bytes, where: str) -> None:
    tags = tags_attribute(body, where)
    if tags:
        told["X-Amz-Tagging"] = tags


def _versioning(told: Attributes, body: bytes, where: str) -> None:
    root = parse_as("VersioningConfiguration", body, where)
    state = _VERSIONING.get(_value(root, "Status"))
    if state is not None:
        told["versioning"] = state


def _lock(told: Attributes, body: bytes, where: str) -> None:
    root = parse_as("ObjectLockConfiguration", body, where)
    lock: dict[str, object] = {"Enabled": _value(root, "ObjectLockEnabled") == "Enabled"}
    mode = _value(root, "Mode")
    if mode:
        default: dict[str, object] = {"Mode": mode}
        for unit in ("Days", "Years"):
            count = _value(root, unit)
            if count.isascii() and count.isdigit() and len(count) <= MOST_DIGITS:
                default[unit] = int(count)
        lock["DefaultRetention"] = default
    told["bucket-lock"] = json.dumps(lock).encode()


def _first(root: ET.Element, name: str) -> ET.Element | None:
    return next((one for one in root.iter() if local(one.tag) == name), None)


def _value(root: ET.Element | None, name: str) -> str:
    """Return the text of the first element of that name, "" for none."""
    found = None if root is None else _first(root, name)
    return "" if found is None else (found.text or "").strip()
