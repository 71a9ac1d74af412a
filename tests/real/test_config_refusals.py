"""Configuration: what is called a problem, a real VersityGW refuses; what is carried, it takes."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from core.config.legacy import reading
from core.config.legacy.context import Context
from core.config.legacy.conversion import convert
from core.config.legacy.row import State
from tests.lab import ports
from tests.lab.process import Server
from tests.lab.web import Api
from tests.unit.config import systemd_reader
from tests.unit.config.legacy_case import FULL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

ROOT = "ROOT_ACCESS_KEY_ID=root1\nROOT_SECRET_ACCESS_KEY=refused-secret-1\n"
REFUSED = {
    "bool": ROOT + "VGW_QUIET=yes\n",
    "int": ROOT + "VGW_MAX_REQUESTS=08\n",
    "seconds": ROOT + "VGW_IAM_CACHE_TTL=2m\n",
    "mode": ROOT + "VGW_SOCKET_PERM=999\n",
    "certificate alone": ROOT + "VGW_CERT=/none.crt\n",
    "key alone": ROOT + "VGW_KEY=/none.key\n",
    "log and webhook": ROOT + "LOGFILE=/dev/null\nWEBHOOK=http://127.0.0.1:1/\n",
    "ldap": ROOT + "VGW_IAM_LDAP_URL=ldap://127.0.0.1:1\nVGW_IAM_LDAP_BIND_DN=a\n",
    "s3 store": ROOT + "VGW_S3_IAM_ENDPOINT=http://127.0.0.1:1\nVGW_S3_IAM_ACCESS_KEY=a\n",
    "vault": ROOT + "VGW_IAM_VAULT_ENDPOINT_URL=http://127.0.0.1:1\n",
    "no root": "VGW_REGION=eu\n",
    # the first name of two is taken even if it is empty
    "empty alias": "ROOT_ACCESS_KEY_ID=\nROOT_ACCESS_KEY=a\nROOT_SECRET_KEY=refused-secret-2\n",
    "sidecar and none": ROOT + "VGW_META_SIDECAR=/tmp\nVGW_META_NONE=true\n",
}
TAKEN = (
    "ROOT_ACCESS_KEY=b\nROOT_SECRET_KEY=taken-secret-1\nVGW_QUIET=T\nVGW_DEBUG=\nVGW_READ_ONLY=0\n"
    "VGW_MAX_REQUESTS=0x10\nVGW_MAX_CONNECTIONS=1_000\nVGW_MP_MAX_PARTS=0755\nVGW_IAM_CACHE_TTL=\n"
    "VGW_SOCKET_PERM=0660\nVGW_HEALTH=/health\nVGW_REGION='e\"u'\n"
)


def environment(text: str, folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), **dict(systemd_reader.read(text))}


def problems(text: str) -> list[str]:
    rows = convert(reading.read(text.encode(), where="old"), Context(destination=FULL))
    return [row.reason for row in rows if row.state is State.PROBLEM]


@pytest.mark.parametrize("name", REFUSED)
def test_a_problem_is_refused_by_a_real_gateway(name: str, tools: Tools, tmp_path: Path) -> None:
    assert problems(REFUSED[name])
    (tmp_path / "tree").mkdir()
    address = f"127.0.0.1:{ports.free(1)[0]}"
    words = [tools.path("versitygw"), "--port", address, "posix", str(tmp_path / "tree")]
    # one that would start runs until the limit, and fails the test so
    done = subprocess.run(  # noqa: S603 - the laboratory's own program
        words,
        env=environment(REFUSED[name], tmp_path),
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0


def test_what_is_no_problem_is_taken_by_a_real_gateway(
    tools: Tools, keeper: Keeper, tmp_path: Path
) -> None:
    assert not problems(TAKEN)
    (tmp_path / "tree").mkdir()
    port = ports.free(1)[0]
    words = [tools.path("versitygw"), "--port", f"127.0.0.1:{port}", "posix"]
    environ = environment(TAKEN, tmp_path)
    server = Server(
        "gw-taken", [*words, str(tmp_path / "tree")], folder=tmp_path, environment=environ
    )
    keeper.start(server)
    try:
        api = Api(f"http://127.0.0.1:{port}")
        server.wait_for("/health", lambda: api.get("/health").status == 200)
    finally:
        keeper.forget(server)
