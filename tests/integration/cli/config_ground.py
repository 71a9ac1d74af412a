"""A folder with an old configuration, and `vgwm config` run in it; no answer holds a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from core.cli.main import main
from core.config.schema import Cache, IpfsTarget, PosixSource, Workspace
from core.config.workspace import write

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "r00t-s3cret-planted"
OTHER = "b1nd-pass-planted"
CONF = f"""\
VGW_BACKEND=posix
VGW_BACKEND_ARG=/data/gw
VGW_REGION=eu-1
VGW_IAM_DIR=/data/iam
ROOT_ACCESS_KEY_ID=root1
ROOT_SECRET_ACCESS_KEY="{PLANTED}"
# ROOT_SECRET_KEY={OTHER}
SOME_PASSWORD={OTHER}
"""


class Said:
    """Runs command lines in this process, and sees that no answer holds a secret."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def __call__(self, *words: object) -> int:
        code = main([*map(str, words)])
        self.out, self.err = self._capsys.readouterr()
        assert PLANTED not in self.out + self.err
        assert OTHER not in self.out + self.err
        return code

    def result(self, *words: object) -> tuple[int, Any]:
        code = self(*words, "--json")
        return code, json.loads(self.out)["result"] if self.out else {}


@pytest.fixture
def vgwm(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the old file and a workspace, where the commands are run."""
    (tmp_path / "gw.conf").write_text(CONF)
    (tmp_path / "gw.conf").chmod(0o600)
    target = IpfsTarget(
        kubo=("http://k1:5001", "http://k2:5001"),
        cluster=("http://c1:9094", "http://c2:9094"),
        table="ydb:grpc://y:2136/local",
        cache=Cache(endpoints=("r1:6379",)),
        replication=2,
    )
    source = PosixSource(path=tmp_path / "no", root_account="")
    (tmp_path / "ws").mkdir()
    (tmp_path / "gw.conf").write_text(CONF.replace("/data/gw", str(source.path)))
    write(tmp_path / "ws" / "vgwm.yaml", Workspace(id="9f2c1a7e", source=source, target=target))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VGWM_WORKSPACE", "ws")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())
