"""`vgwm init`: make a workspace, which joins one source to one target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions
from core.cli.secrets import refuse_credentials, secret_option

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call

_CA_FILE = "Authority that signed the table's certificate."
_KUBO = "RPC API of a node of an ipfs target; again for each node."
_CLUSTER = "REST API of a cluster peer; again for each peer."
_CACHE = "Redis server of the gateway's cache; again for each."
CACHE_TYPES = ("redis_cluster", "redis")
_FOLDER = click.Path(path_type=Path, file_okay=False)


class InitGiven(TypedDict):
    """The options of `vgwm init`, as click hands them over."""

    source: str
    versioning_dir: Path | None
    sidecar: Path | None
    nometa: bool
    bucket_links: bool
    default_etag: str
    s3_region: str | None
    s3_access_key_ref: str | None
    s3_secret_ref: str | None
    s3_ca_file: Path | None
    target: str
    kubo: tuple[str, ...]
    cluster: tuple[str, ...]
    cluster_user: str | None
    cluster_password_ref: str | None
    table: str | None
    table_user: str | None
    table_password_ref: str | None
    table_token_ref: str | None
    table_ca_file: Path | None
    cache: tuple[str, ...]
    cache_type: str | None
    cache_password_ref: str | None
    replication: int | None
    profile: str
    force: bool
    dry_run: bool


@click.command()
@click.option(
    "--source",
    required=True,
    metavar="posix:PATH|s3:URL",
    callback=refuse_credentials,
    help="Root of the old gateway, or an S3 endpoint.",
)
@click.option("--versioning-dir", type=_FOLDER, metavar="DIR", help="Where it keeps versions.")
@click.option("--sidecar", type=_FOLDER, metavar="DIR", help="Where it keeps metadata files.")
@click.option("--nometa", is_flag=True, help="It keeps no metadata.")
@click.option("--bucket-links", is_flag=True, help="It follows symlinks to buckets.")
@click.option("--default-etag", default="", metavar="E", help="ETag of files that have none.")
@click.option("--s3-region", metavar="R", help="Region of the endpoint; else us-east-1.")
@secret_option("s3-access-key", "Its access key")
@secret_option("s3-secret", "Its secret key")
@click.option(
    "--s3-ca-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Authority that signed the endpoint's certificate.",
)
@click.option("--target", required=True, metavar="dir:PATH|ipfs", help="Where objects go.")
@click.option("--kubo", multiple=True, metavar="URL", callback=refuse_credentials, help=_KUBO)
@click.option("--cluster", multiple=True, metavar="URL", callback=refuse_credentials, help=_CLUSTER)
@click.option("--cluster-user", metavar="U", help="Basic authentication of the cluster.")
@secret_option("cluster-password", "Its password")
@click.option(
    "--table",
    metavar="sqlite:PATH|ydb:ENDPOINT/DATABASE",
    callback=refuse_credentials,
    help="The object table of an ipfs target.",
)
@click.option("--table-user", metavar="U", help="User of the table.")
@secret_option("table-password", "Its password")
@secret_option("table-token", "Its access token")
@click.option(
    "--table-ca-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_CA_FILE,
)
@click.option("--cache", multiple=True, metavar="HOST:PORT", help=_CACHE)
@click.option("--cache-type", type=click.Choice(CACHE_TYPES), help="Else redis_cluster.")
@secret_option("cache-password", "Its password")
@click.option("--replication", type=click.IntRange(1), metavar="N", help="Copies of each object.")
@click.option("--profile", default="guide", show_default=True, metavar="guide|extended|FILE")
@click.option("--force", is_flag=True, help="Replace vgwm.yaml; the old one is kept, so is its id.")
@click.option("--dry-run", is_flag=True, help="Print vgwm.yaml, and write nothing.")
@conventions
def init(call: Call, **given: Unpack[InitGiven]) -> int:
    """Make a workspace for one migration.

    It is a folder, and the vgwm.yaml in it joins one source to one target.
    """
    from core.cli.output import answer
    from core.control.setup import make_workspace

    folder = (call.folder or Path.cwd()).absolute()
    options = {key: value for key, value in given.items() if key not in {"force", "dry_run"}}
    made = make_workspace(folder, options, force=given["force"], dry_run=given["dry_run"])
    result = {"id": made.id, "path": str(made.path), "source": made.source, "target": made.target}
    if given["dry_run"]:
        answer(call, result, made.text.splitlines())
        return 0
    lines = [
        f"workspace {made.id} in {made.path}",
        f"  {made.source} -> {made.target}",
        f"next: vgwm -w {made.path} assess, then plan",
    ]
    answer(call, result, lines, made.warnings)
    return 0
