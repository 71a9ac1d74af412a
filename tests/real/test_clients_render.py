"""What `clients render` writes, used by boto3 on a real gateway; who called, by its log."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from core.control.clients_desk import RenderWish, UpdateWish, render_clients, update_clients
from core.iam.access_log import requests
from core.operate.clients.seen import calls
from tests.lab.gateway import Gateway

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

SCRIPT = """
import sys; sys.path.insert(0, sys.argv[1])
from boto3_client import client
s3 = client()
s3.create_bucket(Bucket="photos")
s3.put_object(Bucket="photos", Key="a b", Body=b"x" * 100)
assert s3.get_object(Bucket="photos", Key="a b")["Body"].read() == b"x" * 100
config = s3.meta.config
assert config.retries["total_max_attempts"] == 10, config.retries
assert config.retries["mode"] == "standard"
assert config.s3["addressing_style"] == "path"
print(s3.meta.endpoint_url)
"""
ELSEWHERE = "http://127.0.0.1:1"


def run(folder: Path, gateway: Gateway) -> subprocess.CompletedProcess[str]:
    """Run a program of a client's that knows nothing but the profile."""
    keys = folder / "credentials"
    keys.write_text(
        f"[vgwm]\naws_access_key_id = {gateway.account.access}\n"
        f"aws_secret_access_key = {gateway.account.secret}\n"
    )
    return subprocess.run(  # noqa: S603 - the words are the test's own
        [sys.executable, "-c", SCRIPT, str(folder)],
        env={
            "AWS_CONFIG_FILE": str(folder / "aws.config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(keys),
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_boto3_works_by_what_was_rendered_and_again_after_its_endpoint_moved(
    tools: Tools, keeper: Keeper, tmp_path: Path
) -> None:
    program = tools.path("versitygw")
    gateway = Gateway("gw", program, tmp_path / "gw", with_sidecar=False, iam_dir=tmp_path / "iam")
    gateway.start(keeper)
    folder = tmp_path / "clients"
    wish = RenderWish(
        old=gateway.url, new=ELSEWHERE, output=folder, name="vgwm", region="us-east-1"
    )
    render_clients(wish, force=False, dry_run=False)
    moving = UpdateWish(new=gateway.url, folder=folder)
    shown = update_clients(moving, confirmed=None)
    assert {one.path for one in shown.changes} == {
        *("aws.config", "mc.sh", "rclone.conf", "s3cfg", "s5cmd.sh")
    }
    update_clients(moving, confirmed=shown.hash)
    ran = run(folder, gateway)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == gateway.url
    seen = calls(requests([gateway.access_log]))
    (caller,) = seen.callers
    assert (caller.tool, caller.access) == ("boto3", gateway.account.access)
    assert (caller.requests, seen.others) == (seen.requests, 0)
    assert seen.requests >= 3  # a key with a blank in it, too
