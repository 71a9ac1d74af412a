"""Bucket rows: without them empty buckets, ACLs and policies would vanish on the target.

Source: guide.md 5.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.target.shape import Source, Value, timestamp_us

if TYPE_CHECKING:
    from core.target.profile import Profile
    from core.target.shape import Row

# What a bucket's document may hold, by the source that shows it in a column of its own.
_COLUMNS: Final = {
    "owner": Source.OWNER,
    "acl": Source.ACL,
    "policy": Source.POLICY,
    "cors": Source.CORS,
    "tags": Source.TAGS,
    "versioning": Source.VERSIONING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFacts:
    """A bucket as the plan knows it.

    document: its attributes as canonical JSON, what is not set absent: owner, acl, ownership,
    policy, cors, website, versioning, lock, tags. made_ns: what S3 shows as its creation time.
    objects, size_bytes: of its current objects, for profiles that count them.
    """

    name: str
    document: str
    made_ns: int
    objects: int = 0
    size_bytes: int = 0


def bucket_row(profile: Profile, facts: BucketFacts) -> Row:
    """Return a bucket's row in column order; () for a profile without a bucket table."""
    if profile.buckets is None:
        return ()
    made_us = timestamp_us(facts.made_ns)
    values: dict[Source, Value] = {
        Source.NAME: facts.name,
        Source.CREATED: made_us,
        Source.MODIFIED: made_us,
        Source.METADATA: facts.document,
        Source.OBJECTS: facts.objects,
        Source.BYTES: facts.size_bytes,
        Source.REPLICATION_MIN: profile.pin.replication_min,
        Source.REPLICATION_MAX: profile.pin.replication_max,
        Source.ZERO: 0,
        Source.TRUE: True,
        Source.FALSE: False,
    }
    document = json.loads(facts.document)
    for name, source in _COLUMNS.items():
        if name in document:
            values[source] = _text(document[name])
    return tuple(values.get(source) for source in profile.buckets.sources)


def lost_bucket_attributes(profile: Profile, document: str) -> tuple[str, ...]:
    """Return the names of what a bucket has and this profile cannot show (class `bucket_attr`)."""
    names = sorted(json.loads(document))
    shown = profile.buckets.sources if profile.buckets else ()
    if Source.METADATA in shown:
        return ()
    return tuple(name for name in names if _COLUMNS.get(name) not in shown)


def _text(value: object) -> str:
    """Return a text as it is, anything else as canonical JSON."""
    return value if isinstance(value, str) else dumps(value)
