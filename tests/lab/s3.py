"""S3 reads as they stand on the wire: status, headers, body.

boto3 parses, renames and drops headers, and takes 2 ms a call; an expectation wants what the
gateway said. botocore only signs here.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lab.gateway import REGION
from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from tests.lab.gateway import Gateway

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"
PAGE = "1000"  # with 1 a page the gateway's version listing never ends


@dataclass(frozen=True, slots=True)
class Reply:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A row of ListObjectVersions."""

    key: str
    version: str
    latest: bool
    marker: bool


class S3Reader:
    """Signed reads over one connection."""

    def __init__(self, gateway: Gateway) -> None:
        parts = urlsplit(gateway.url)
        self._url = gateway.url
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        credentials = Credentials(gateway.account.access, gateway.account.secret)
        self._signer = S3SigV4Auth(credentials, "s3", REGION)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def object(self, method: str, bucket: str, key: str, query: Mapping[str, str]) -> Reply:
        """Read an object or one of its sub-resources; checksum headers are asked for."""
        path = f"/{bucket}/{quote(key, safe='/-_.~')}"
        return self._ask(method, path, query, {"x-amz-checksum-mode": "ENABLED"})

    def bucket(self, bucket: str, query: Mapping[str, str]) -> Reply:
        """Read a bucket's sub-resource."""
        return self._ask("GET", f"/{bucket}", query, {})

    def tags(self, bucket: str, key: str, version: str = "") -> dict[str, str] | None:
        """Return the tags of an object; None where the gateway has no answer for that version."""
        query = {"tagging": ""} | ({"versionId": version} if version else {})
        reply = self.object("GET", bucket, key, query)
        if reply.status != 200:
            return None
        return _tag_set(reply.body)

    def versions(self, bucket: str) -> Iterator[VersionRow]:
        """Yield every version and marker once; the gateway repeats rows across pages."""
        seen: set[VersionRow] = set()
        position = {"key-marker": "", "version-id-marker": ""}
        while True:
            reply = self.bucket(bucket, {"versions": "", "max-keys": PAGE, **position})
            if reply.status != 200:
                raise LabError(f"ListObjectVersions of {bucket} answered {reply.status}")
            page = ET.fromstring(reply.body)  # noqa: S314 - our own gateway's answer
            for row in _rows(page):
                if row not in seen:
                    seen.add(row)
                    yield row
            after = {
                "key-marker": page.findtext(f"{XML}NextKeyMarker") or "",
                "version-id-marker": page.findtext(f"{XML}NextVersionIdMarker") or "",
            }
            if page.findtext(f"{XML}IsTruncated") != "true" or after == position:
                return
            position = after

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        target = path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        request = AWSRequest(method=method, url=self._url + target, headers=dict(headers))
        self._signer.add_auth(request)
        self._connection.request(method, target, headers=dict(request.headers.items()))
        response = self._connection.getresponse()
        body = response.read()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, body)


def _tag_set(body: bytes) -> dict[str, str]:
    root = ET.fromstring(body)  # noqa: S314 - our own gateway's answer
    tags = (t for t in root.iter() if t.tag.rpartition("}")[2] == "Tag")
    pairs = ({child.tag.rpartition("}")[2]: child.text or "" for child in tag} for tag in tags)
    return {pair["Key"]: pair["Value"] for pair in pairs}


def _rows(page: ET.Element) -> Iterator[VersionRow]:
    for element in page:
        name = element.tag.rpartition("}")[2]
        if name in {"Version", "DeleteMarker"}:
            told = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            yield VersionRow(
                key=told["Key"],
                version=told["VersionId"],
                latest=told["IsLatest"] == "true",
                marker=name == "DeleteMarker",
            )
