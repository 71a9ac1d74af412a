"""An S3 endpoint as a client meets it: signed calls, no repeats, short limits.

`import aioboto3` takes half a second and its models another tenth: both in a thread, on first use.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from core.config.secret import AwsPart, SecretKind, SecretRef
from core.display import safe
from core.errors import BadInput, Denied, NodeBusy, NodeUnreachable, VgwmError
from core.probe.probe import limit_of_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.secret import Secret

REGION: Final = "us-east-1"
CALL_S: Final = 1.5
"""Limit of connecting, and of each wait for bytes; a question that is asked again has more."""

ACCESS_KEY: Final = SecretRef(SecretKind.ENV, "AWS_ACCESS_KEY_ID")
SECRET_KEY: Final = SecretRef(SecretKind.ENV, "AWS_SECRET_ACCESS_KEY")

_BUSY_S: Final = 5.0
_KEYS: Final = "Check access key and secret, and the account at the gateway."
_REMEDIES: Final = {
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "XAdminUserNotFound": _KEYS,  # VersityGW's own word for an unknown access key
    "RequestTimeTooSkewed": "Let NTP set the clocks of this host and of the gateway.",
    "AccessDenied": "Use an account that may list and read, or give it the right.",
}
_SILENCE: Final = {
    "SSLError": "its TLS does not hold: see the row tls",
    "ConnectTimeoutError": "no answer in time",
    "ReadTimeoutError": "no answer in time",
    "EndpointConnectionError": "nobody can be reached there",
    "ConnectionClosedError": "it closed the connection",
}
"""What botocore's own errors mean, by their names: importing it takes half a second."""
_BUSY: Final = frozenset({"SlowDown", "ServiceUnavailable", "503"})


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Login:
    """Where an account's two keys are kept. An `aws:PROFILE` reference names both."""

    access_key_ref: SecretRef = ACCESS_KEY
    secret_ref: SecretRef = SECRET_KEY

    def resolve(self) -> tuple[Secret, Secret]:
        """Return access key and secret. Raises BadInput if one is absent, Denied."""
        return (
            self.access_key_ref.resolve(part=AwsPart.ACCESS_KEY),
            self.secret_ref.resolve(part=AwsPart.SECRET_KEY),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """An endpoint. ca_file: PEM file of the authority of an https server.

    None: AWS_CA_BUNDLE, SSL_CERT_FILE, or the system's. is_source: objects are not read, for the
    gateway would touch their atime (I6).
    """

    name: str
    url: str
    login: S3Login = S3Login()
    region: str = REGION
    ca_file: Path | None = None
    is_source: bool = False

    @property
    def authority(self) -> Path | None:
        """The file that vouches for the endpoint; botocore alone would not ask this host's."""
        if self.ca_file is not None:
            return self.ca_file
        named = os.environ.get("AWS_CA_BUNDLE") or ssl.get_default_verify_paths().cafile
        return Path(named) if named else None


def checked_url(url: str) -> str:
    """Return an endpoint's URL. Raises BadInput unless it is http(s)://HOST[:PORT][/]."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme in {"http", "https"} and parts.hostname and port != 0 and not parts.query:
        return url
    raise BadInput(
        what="this is no address of a gateway",  # not shown: it may hold a signature
        where="--endpoint",
        remedy="Write http://HOST:PORT or https://HOST:PORT.",
    )


class S3Reader:
    """Reads, signed. Raises what `_to_error` makes of the client's errors."""

    def __init__(self, client: Any, place: S3Place) -> None:  # noqa: ANN401 - botocore makes its classes at run time
        self._client = client
        self._where = f"gateway {safe(place.url)}"

    async def buckets(self) -> list[str]:
        """Return the names of the buckets that the account sees.

        Raises NodeUnreachable for an answer that is no list of buckets: no S3 has that address.
        """
        answer = await self._call("list_buckets")
        if "Buckets" not in answer:  # also an empty list has it
            raise _no_s3(self._where)
        return [str(one["Name"]) for one in answer.get("Buckets", [])]

    async def first_key(self, bucket: str) -> str | None:
        """Return the first key of a bucket, None if it is empty."""
        answer = await self._call("list_objects_v2", Bucket=bucket, MaxKeys=1)
        return next((str(one["Key"]) for one in answer.get("Contents", [])), None)

    async def head_bucket(self, bucket: str) -> None:
        """Ask whether a bucket is there."""
        await self._call("head_bucket", Bucket=bucket)

    async def head(self, bucket: str, key: str) -> int:
        """Return an object's size in bytes."""
        return int((await self._call("head_object", Bucket=bucket, Key=key))["ContentLength"])

    async def get_first(self, bucket: str, key: str, size_bytes: int) -> int:
        """Return how many of the first size_bytes of an object came. size_bytes: > 0."""
        answer = await self._call(
            "get_object", Bucket=bucket, Key=key, Range=f"bytes=0-{size_bytes - 1}"
        )
        async with answer["Body"] as body:
            return len(await body.read())

    async def _call(self, name: str, **arguments: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above
        from botocore.parsers import ResponseParserError  # noqa: PLC0415 - see above

        try:
            answer: dict[str, Any] = await getattr(self._client, name)(**arguments)
        except ResponseParserError as error:
            raise _no_s3(self._where) from error
        except (ClientError, BotoCoreError) as error:
            raise _to_error(error, self._where) from error
        return answer


@asynccontextmanager
async def reading(place: S3Place, access: Secret, secret: Secret) -> AsyncIterator[S3Reader]:
    """Open a client of an endpoint with these keys."""
    call_s = limit_of_call(CALL_S)
    session, config = await asyncio.to_thread(_prepare, access.reveal(), secret.reveal(), call_s)
    client = session.client(
        "s3",
        region_name=place.region,
        endpoint_url=place.url,
        verify=str(place.authority) if place.authority else None,
        config=config,
    )
    async with client as opened:
        yield S3Reader(opened, place)


def _prepare(access: str, secret: str, call_s: float) -> tuple[Any, Any]:
    """Return a session whose models are read, and the settings of its clients."""
    session = import_module("aioboto3").Session(
        aws_access_key_id=access, aws_secret_access_key=secret
    )
    # read here, off the loop; the client takes them from the loader's memory
    loader = session._session.get_component("data_loader")  # noqa: SLF001 - no public name
    for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
        loader.load_service_model("s3", kind)
    config = import_module("aiobotocore.config").AioConfig(
        connect_timeout=call_s,
        read_timeout=call_s,
        retries={"max_attempts": 0},
        s3={"addressing_style": "path"},
        proxies={},  # a proxy of the shell's stands between nobody
    )
    return session, config


def _no_s3(where: str) -> NodeUnreachable:
    return NodeUnreachable(
        what="what answers there is no S3",
        where=where,
        remedy="Look what listens at that address: a proxy's page, another program, another port.",
    )


def _to_error(error: Exception, where: str) -> VgwmError:
    """Return our error for botocore's."""
    answered = getattr(error, "response", None)
    if not isinstance(answered, dict):
        return NodeUnreachable(
            what=_SILENCE.get(type(error).__name__, safe(type(error).__name__)),
            where=where,
            remedy="Check the gateway, its certificate and the way to it.",
        )
    code = safe(str(answered.get("Error", {}).get("Code", "")))
    text = safe(str(answered.get("Error", {}).get("Message", ""))[:200])
    if code in _BUSY:
        return NodeBusy(
            what=f"it asks to wait: {code}", where=where, remedy="Ask again later.", wait_s=_BUSY_S
        )
    return Denied(
        what=f"refused: {code} {text}".rstrip(),
        where=where,
        remedy=_REMEDIES.get(code, "Read the gateway's log."),
    )
