"""TLS to a stand-in for YDB: the reason is told, which the SDK never does."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, NodeUnreachable
from core.target import profile as profiles
from core.target.objects_ydb import YdbTable
from core.target.open_table import TableLogin
from tests.fakes.ydb_process import YdbProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GUIDE = profiles.load("guide")
OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates: TLS")


@dataclass
class Certificate:
    file: Path
    key: Path


def make_certificate(folder: Path, name: str, host: str) -> Certificate:
    """A certificate that signs itself, so it is its own authority."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    request = ["req", "-x509", *curve, "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{host}"]
    files = ["-keyout", str(made.key), "-out", str(made.file)]
    # Every word of the command is this file's own.
    subprocess.run([str(OPENSSL), *request, *names, *files], check=True, capture_output=True)  # noqa: S603
    return made


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "ours": make_certificate(folder, "ours", "localhost"),
        "another": make_certificate(folder, "another", "localhost"),
        "elsewhere": make_certificate(folder, "elsewhere", "elsewhere.invalid"),
    }


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Certificate | None], YdbProcess]]:
    """Start a stand-in that shows a certificate, or none."""
    running: list[YdbProcess] = []

    def start(shown: Certificate | None) -> YdbProcess:
        options = ["--cert", str(shown.file), "--key", str(shown.key)] if shown else []
        process = YdbProcess(tmp_path / "stand-in.db", *options)
        running.append(process)
        process.start()
        return process

    yield start
    for process in running:
        process.kill()


async def test_the_right_authority_lets_us_in(
    serve: Callable[[Certificate | None], YdbProcess], certificates: dict[str, Certificate]
) -> None:
    server = serve(certificates["ours"])
    login = TableLogin(ca_file=certificates["ours"].file)
    table = await YdbTable.open(server.spec, GUIDE, login)
    try:
        await table.ensure()
        assert await table.count() == 0
    finally:
        await table.close()


@pytest.mark.parametrize(
    ("shown", "trusted", "why"),
    [
        ("ours", "another", "self-signed certificate"),
        ("ours", "", "self-signed certificate"),
        ("elsewhere", "elsewhere", "Hostname mismatch"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_bad_input_with_its_reason(
    serve: Callable[[Certificate | None], YdbProcess],
    certificates: dict[str, Certificate],
    shown: str,
    trusted: str,
    why: str,
) -> None:
    server = serve(certificates[shown])
    login = TableLogin(ca_file=certificates[trusted].file if trusted else None)
    with pytest.raises(BadInput, match=why) as caught:
        await YdbTable.open(server.spec, GUIDE, login)
    assert "table_ca_file" in caught.value.remedy


async def test_tls_to_a_plain_server_is_told(
    serve: Callable[[Certificate | None], YdbProcess],
) -> None:
    plain = serve(None)
    with pytest.raises(NodeUnreachable, match="no TLS"):
        await YdbTable.open(plain.spec.replace("grpc:", "grpcs:"), GUIDE)


async def test_an_absent_certificate_file_is_bad_input(tmp_path: Path) -> None:
    login = TableLogin(ca_file=tmp_path / "absent.pem")
    with pytest.raises(BadInput, match=r"absent\.pem"):
        await YdbTable.open("grpcs://localhost:1/local", GUIDE, login)
