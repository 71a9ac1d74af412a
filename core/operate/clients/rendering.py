"""Configurations of S3 clients for one endpoint, without secrets. Pure.

Each client's own names; what they need beside an address is the same for all: the bucket in the
path, and retries that outlast a pause of writes.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.operate.clients.endpoint import Endpoint

MAX_ATTEMPTS: Final = 10
"""Of boto3's standard mode: no PUT failed in a pause of 3 s, and one of ten in one of 8 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whom a configuration is for. name: of profile, remote and alias. region: signed with."""

    name: str = "vgwm"
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A file to be. path: below the output folder. tools: who reads it."""

    path: str
    tools: tuple[str, ...]
    text: str


def render(endpoint: Endpoint, client: Client) -> tuple[Rendered, ...]:
    """Return the files of every client, in the order of their names."""
    return (
        Rendered(path="aws.config", tools=("aws", "boto3"), text=_aws(endpoint, client)),
        Rendered(path="boto3_client.py", tools=("boto3",), text=_boto3(client)),
        Rendered(path="mc.sh", tools=("mc",), text=_mc(endpoint, client)),
        Rendered(path="rclone.conf", tools=("rclone",), text=_rclone(endpoint, client)),
        Rendered(path="s3cfg", tools=("s3cmd",), text=_s3cmd(endpoint, client)),
        Rendered(path="s5cmd.sh", tools=("s5cmd",), text=_s5cmd(endpoint, client)),
    )


def changes(old: Endpoint, new: Endpoint, client: Client) -> str:
    """Return what differs between both endpoints' files, as a unified diff."""
    lines: list[str] = []
    for before, after in zip(render(old, client), render(new, client), strict=True):
        lines += difflib.unified_diff(
            before.text.splitlines(keepends=True),
            after.text.splitlines(keepends=True),
            f"old/{before.path}",
            f"new/{after.path}",
            n=0,
        )
    return "".join(lines)


def _aws(endpoint: Endpoint, client: Client) -> str:
    return f"""\
# For ~/.aws/config; the keys stay where they are: [{client.name}] of ~/.aws/credentials.
[profile {client.name}]
endpoint_url = {endpoint.url}
region = {client.region}
retry_mode = standard
max_attempts = {MAX_ATTEMPTS}
request_checksum_calculation = when_required
response_checksum_validation = when_required
s3 =
    addressing_style = path
"""


def _boto3(client: Client) -> str:
    return f"""\
\"\"\"A client of S3 by the profile in aws.config: address, retries and keys stand there.\"\"\"

import boto3


def client():
    return boto3.Session(profile_name="{client.name}").client("s3")
"""


def _mc(endpoint: Endpoint, client: Client) -> str:
    host = f"{endpoint.scheme}://$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY@{endpoint.authority}"
    return f"""\
# Source it; the keys come from the environment.
# A key with / + or % has to be percent-encoded: or once, by hand, mc asks for both keys:
#   mc alias set {client.name} {endpoint.url} --path on
export MC_HOST_{client.name}="{host}"
"""


def _rclone(endpoint: Endpoint, client: Client) -> str:
    return f"""\
# For rclone.conf; env_auth takes the keys from the environment.
[{client.name}]
type = s3
provider = Other
env_auth = true
endpoint = {endpoint.url}
region = {client.region}
force_path_style = true
"""


def _s3cmd(endpoint: Endpoint, client: Client) -> str:
    return f"""\
# For ~/.s3cfg; without keys here, s3cmd takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
[default]
host_base = {endpoint.authority}
host_bucket = {endpoint.authority}
use_https = {endpoint.secure}
bucket_location = {client.region}
max_retries = {MAX_ATTEMPTS}
"""


def _s5cmd(endpoint: Endpoint, client: Client) -> str:
    return f"""\
# Source it; the keys come from the environment or from ~/.aws/credentials.
export S3_ENDPOINT_URL="{endpoint.url}"
export AWS_REGION="{client.region}"
"""
