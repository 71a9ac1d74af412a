"""Whom the source's buckets name: owners, grantees and principals, all of them access keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from core.config.schema import PosixSource as PosixPlace
from core.config.workspace import FILE_NAME, load
from core.display import safe
from core.iam.checking import Named
from core.source.posix.chosen import posix_config
from core.source.posix.source import PosixSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.source.posix.buckets import BucketAttrs

_USER_ARN: Final = ":user/"


def named_by_buckets(folder: Path | None) -> list[Named]:
    """Return who is named by the buckets of a workspace's source, read-only (I6).

    Empty without a workspace, or where the source is no posix tree. Raises NoGatewayRoot, Denied.
    """
    if folder is None or not (folder / FILE_NAME).is_file():
        return []
    workspace = load(folder / FILE_NAME)
    if not isinstance(workspace.source, PosixPlace):
        return []
    buckets, _ = PosixSource(posix_config(workspace)).buckets()
    found: list[Named] = []
    for bucket in buckets:
        place = f"bucket {safe(bucket.name)}"
        found.append(Named(bucket.owner, f"{place}, owner"))
        found += [Named(access, f"{place}, grantee") for access in grantees(bucket.attrs)]
        found += [Named(access, f"{place}, principal") for access in principals(bucket.attrs)]
    return found


def grantees(attrs: BucketAttrs) -> Iterator[str]:
    """Yield the accounts that an ACL grants something; groups are none."""
    acl = json.loads(attrs.acl) if attrs.acl else {}
    for grantee in acl.get("Grantees") or ():
        if isinstance(grantee, dict) and grantee.get("Type") != "Group":
            yield str(grantee.get("Access", ""))


def principals(attrs: BucketAttrs) -> Iterator[str]:
    """Yield the accounts that a policy names; an ARN's user by its name."""
    try:
        policy = json.loads(attrs.policy) if attrs.policy else {}
    except ValueError:
        return
    statements = policy.get("Statement", []) if isinstance(policy, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", "") if isinstance(statement, dict) else ""
        if isinstance(principal, dict):
            principal = principal.get("AWS", "")
        for one in principal if isinstance(principal, list) else [principal]:
            yield str(one).rpartition(_USER_ARN)[2]
