"""Buckets, their attributes in one normal form, and what lies beside them.

May import the model, `display`, canonical JSON and the attribute names.
Source: docs/source.md.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps, read
from core.display import safe
from core.model import Finding

if TYPE_CHECKING:
    from core.source.posix.attributes import Attributes

_XML_BYTES: Final = 1 << 20
_GZIP: Final = 31  # zlib's word for a gzip header
_VERSIONING: Final = {b"\x01": "Enabled", b"\x00": "Suspended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayEntry:
    """Something under the root that is no bucket; why says what it is."""

    name: bytes
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAttrs:
    """A bucket's own attributes; "" or empty where it has none.

    acl, lock: canonical JSON. policy, cors, website: the client's text, unpacked, not changed.
    versioning: Enabled, Suspended or "" for never.
    """

    acl: str = ""
    ownership: str = ""
    policy: str = ""
    cors: str = ""
    website: str = ""
    versioning: str = ""
    lock: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    def document(self, owner: str) -> str:
        """Return all of it as one canonical JSON object: what is not set is absent."""
        texts = {
            "owner": owner,
            "ownership": self.ownership,
            "policy": self.policy,
            "cors": self.cors,
            "website": self.website,
            "versioning": self.versioning,
        }
        members: dict[str, object] = {name: text for name, text in texts.items() if text}
        if self.acl:
            members["acl"] = json.loads(self.acl)
        if self.lock:
            members["lock"] = json.loads(self.lock)
        if self.tags:
            members["tags"] = dict(self.tags)
        return dumps(members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket of the source.

    versioned: versioning was ever switched on, so a file may be a delete marker.
    owner: an access key, "" if nobody is named. mtime_ns: what S3 shows as its creation time.
    """

    name: bytes
    versioned: bool
    owner: str
    mtime_ns: int
    attrs: BucketAttrs = field(default_factory=BucketAttrs)
    findings: tuple[Finding, ...] = ()


def make_bucket(name: bytes, attributes: Attributes, *, mtime_ns: int, root_account: str) -> Bucket:
    """Build a bucket from its attributes as they stand; what cannot be read is a finding."""
    reading = _Reading(name, attributes)
    acl = reading.json("acl")
    owner = root_account
    if isinstance(acl, dict):
        owner = str(acl.get("Owner", root_account))
    else:
        reading.warn("has no acl: its owner is the root account", "Set its owner on the source.")
    lock = reading.json("bucket-lock")
    attrs = BucketAttrs(
        acl=dumps(acl) if isinstance(acl, dict) else "",
        ownership=reading.text("ownership"),
        policy=reading.text("policy"),
        cors=reading.text("cors"),
        website=reading.packed("website"),
        versioning=reading.versioning(),
        lock=dumps(lock) if isinstance(lock, dict) else "",
        tags=reading.tags(),
    )
    return Bucket(
        name=name,
        versioned="versioning" in attributes,
        owner=owner,
        mtime_ns=mtime_ns,
        attrs=attrs,
        findings=tuple(reading.findings),
    )


class _Reading:
    """One bucket's attributes while they are normalised."""

    def __init__(self, name: bytes, attributes: Attributes) -> None:
        self._name = name
        self._attributes = attributes
        self.findings: list[Finding] = []

    def warn(self, evidence: str, remedy: str) -> None:
        subject = f"bucket {safe(self._name)}"
        self.findings.append(
            Finding(verdict="warn", subject=subject, evidence=evidence, remedy=remedy)
        )

    def text(self, attribute: str) -> str:
        return self._decoded(attribute, self._attributes.get(attribute, b""))

    def packed(self, attribute: str) -> str:
        value = self._attributes.get(attribute, b"")
        try:
            plain = zlib.decompressobj(_GZIP).decompress(value, _XML_BYTES) if value else b""
        except zlib.error:
            self._unreadable(attribute)
            return ""
        return self._decoded(attribute, plain)

    def json(self, attribute: str) -> object:
        value = self._attributes.get(attribute)
        if not value:
            return None
        try:
            parsed = read(value)
        except ValueError:
            self._unreadable(attribute)
            return None
        return parsed

    def tags(self) -> tuple[tuple[str, str], ...]:
        tags = self.json("X-Amz-Tagging")
        if not isinstance(tags, dict):
            return ()
        return tuple(sorted((str(name), str(value)) for name, value in tags.items()))

    def versioning(self) -> str:
        value = self._attributes.get("versioning")
        if value is None:
            return ""
        if value not in _VERSIONING:
            self._unreadable("versioning")
        return _VERSIONING.get(value, "")

    def _decoded(self, attribute: str, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            self._unreadable(attribute)
            return ""

    def _unreadable(self, attribute: str) -> None:
        self.warn(f"attribute {attribute} cannot be read", "Set it anew on the source.")
