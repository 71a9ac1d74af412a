"""Retention and legal hold of an old version, as the headers that would tell them.

A VersityGW tells a current object's by HEAD, an old version's by their own requests alone.
May import its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.source.posix.outcome import Gone, Unreadable
from core.source.s3.refusals import as_error
from core.source.s3.reply import Reply
from core.source.s3.request import Request, canonical_query, object_path
from core.source.s3.xml import local, parse

if TYPE_CHECKING:
    from core.source.s3.caller import Caller
    from core.source.s3.fetched import Wanted

_ABSENT: Final = ("NoSuchObjectLockConfiguration", "NotImplemented", "501")


def version_locks(caller: Caller, bucket: bytes, wanted: Wanted, where: str) -> dict[str, bytes]:
    """Return the lock headers of an old version; {} for none. Raises Denied, NoAnswer, Broken."""
    kept = _asked(caller, bucket, wanted, "retention", where)
    held = _asked(caller, bucket, wanted, "legal-hold", where)
    fields: dict[str, bytes] = {}
    if "Mode" in kept and "RetainUntilDate" in kept:
        fields["x-amz-object-lock-mode"] = kept["Mode"].encode()
        fields["x-amz-object-lock-retain-until-date"] = kept["RetainUntilDate"].encode()
    if "Status" in held:
        fields["x-amz-object-lock-legal-hold"] = held["Status"].encode()
    return fields


def _asked(caller: Caller, bucket: bytes, wanted: Wanted, what: str, where: str) -> dict[str, str]:
    """Return the members of a lock's document, {} where there is none."""
    query = canonical_query([(what, b""), ("versionId", wanted.version)])
    got = caller.ask(Request("GET", object_path(bucket, wanted.key), query), where)
    if isinstance(got, Reply):
        return {local(one.tag): (one.text or "").strip() for one in parse(got.body, where)}
    if isinstance(got, Gone) or (isinstance(got, Unreadable) and got.why.startswith(_ABSENT)):
        return {}
    raise as_error(got, where)
