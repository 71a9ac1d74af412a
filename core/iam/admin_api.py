"""The accounts of a running gateway, by its admin API: for stores that are no files.

One signed `PATCH /list-users`, as `versitygw admin list-users` sends it. Nothing is changed.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

# The document comes over a signed call from the operator's own gateway, and entities are refused.
from xml.etree import ElementTree as ET

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.config.secret import Secret
from core.display import safe
from core.errors import BadInput, Denied, NodeUnreachable
from core.iam.account import Account, Store, StoreKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIMIT_S: Final = 30.0
_LARGEST_BYTES: Final = 64 << 20
_IDS: Final = {"UserID": "userID", "GroupID": "groupID", "ProjectID": "projectID"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminDoor:
    """A gateway's admin API, and who asks: an admin account or the root account."""

    endpoint: str
    access: str
    secret: Secret
    region: str = "us-east-1"
    ca_file: Path | None = None


async def list_users(door: AdminDoor) -> Store:
    """Return the accounts that a gateway lists.

    Raises NodeUnreachable, Denied (no admin, wrong secret), BadInput for another answer.
    """
    url = f"{door.endpoint.rstrip('/')}/list-users"
    where = safe(door.endpoint)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LIMIT_S)) as session,
            session.patch(url, headers=_signed(door, url), ssl=_trust(door)) as reply,
        ):
            status, body = reply.status, await reply.content.read(_LARGEST_BYTES)
    except aiohttp.ClientSSLError:
        raise NodeUnreachable(
            what="the gateway's certificate is not trusted here",
            where=where,
            remedy="Name the authority that signed it with --ca-file.",
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as e:
        raise NodeUnreachable(
            what=f"the gateway's admin API does not answer: {safe(type(e).__name__)}",
            where=where,
            remedy="Name its URL with --endpoint; VGW_ADMIN_PORT moves it to a port of its own.",
        ) from None  # the error holds the request, so its signature
    if status in {401, 403}:
        raise Denied(
            what=f"the gateway does not list its accounts to {safe(door.access)}",
            where=where,
            remedy="Give the root account or an admin, and the secret that is theirs.",
        )
    if status != 200:  # noqa: PLR2004 - HTTP's own number
        raise _no_list(where, f"HTTP {status}")
    return read_listing(body, where=where)


def read_listing(body: bytes, *, where: str) -> Store:
    """Return the accounts of a `ListUserAccountsResult`. Raises BadInput."""
    try:
        if b"<!" in body:
            raise _no_list(where, "a document with declarations")
        tree = ET.fromstring(body)  # noqa: S314 - see the import
    except ET.ParseError:
        raise _no_list(where, "no XML") from None
    if _name(tree.tag) != "ListUserAccountsResult":
        raise _no_list(where, f"<{safe(_name(tree.tag))}>")
    found = [
        _account({_name(member.tag): member.text or "" for member in one})
        for one in tree
        if _name(one.tag) == "Accounts"
    ]
    return Store(
        kind=StoreKind.GATEWAY,
        where=where,
        accounts=tuple(sorted(found, key=lambda account: account.key)),
    )


def _account(told: Mapping[str, str]) -> Account:
    access, role, secret = (told.get(name, "") for name in ("Access", "Role", "Secret"))
    ids = {name: told[theirs].encode() for theirs, name in _IDS.items() if told.get(theirs)}
    return Account(
        key=access,
        access=access,
        role=role,
        secret=Secret(secret) if secret else None,
        members={
            "access": json.dumps(access, ensure_ascii=False).encode(),
            "role": json.dumps(role, ensure_ascii=False).encode(),
            **ids,
        },
    )


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _signed(door: AdminDoor, url: str) -> dict[str, str]:
    request = AWSRequest(method="PATCH", url=url, headers={"Host": urlsplit(url).netloc})
    credentials = Credentials(door.access, door.secret.reveal())
    S3SigV4Auth(credentials, "s3", door.region).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def _trust(door: AdminDoor) -> ssl.SSLContext | bool:
    if door.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(door.ca_file))
    except (OSError, ssl.SSLError):
        raise BadInput(
            what="the authority's file holds no certificate that can be read",
            where=safe(str(door.ca_file)),
            remedy="Give a PEM file.",
        ) from None


def _no_list(where: str, answered: str) -> BadInput:
    return BadInput(
        what=f"the endpoint lists no accounts: it answered {answered}",
        where=where,
        remedy="Name the admin API of a VersityGW, without a path.",
    )
