"""In tmux, with the real commands behind: from the first key to the written file, no engine."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.tui.terminal import CHILD, environment
from tests.tui.test_tmux import command
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(FOUND is None, reason="tmux is not installed")

SECRET = "hunter2-is-planted"  # noqa: S105 - planted, to be looked for
CONF = f"""\
VGW_BACKEND=posix
VGW_BACKEND_ARG={{tree}}
VGW_PORT=:8443
VGW_PROT=:9
VGW_CERT=tls/gw.crt
ROOT_ACCESS_KEY_ID=root1
ROOT_SECRET_ACCESS_KEY={SECRET}
"""
SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path, environment(tmp_path, TERM="screen-256color"))
    yield server
    server.kill()


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    (tmp_path / "gw").mkdir()
    (tmp_path / "gw.conf").write_text(CONF.format(tree=tmp_path / "gw"))
    ws = tmp_path / "ws"
    ws.mkdir(mode=0o700)
    (ws / "vgwm.yaml").write_text(
        f"""\
v: 1
id: 9f2c1a7e
source: {{type: posix, path: {tmp_path / "gw"}}}
target:
  type: ipfs
  kubo: ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"]
  cluster: ["http://127.0.0.1:4", "http://127.0.0.1:5", "http://127.0.0.1:6"]
  table: "ydb:grpc://127.0.0.1:3/local"
  cache: {{endpoints: ["127.0.0.1:4"]}}
"""
    )
    return ws


def says(tmux: Tmux, words: str) -> None:
    tmux.until(lambda: words in tmux.shown("app"), "app", within_s=60.0)


def ask(tmux: Tmux, key: str, typed: str) -> None:
    """Press the key of a prompt, type, and press Enter once the row shows all of it."""
    tmux.keys("app", key)
    tmux.run("send-keys", "-t", "app", "-l", typed)
    tmux.until(lambda: f"{typed[-12:]}_" in tmux.shown("app"), "app")
    tmux.keys("app", "Enter")


def run_sheet(tmux: Tmux) -> None:
    """Go to Run, as soon as the sheet takes keys, and press it."""
    says(tmux, "[ Run ]")

    def is_on_run() -> bool:
        rows = tmux.seen("app")
        row = next(cells for cells in rows if "[ Run ]" in "".join(c.text for c in cells))
        at = "".join(cell.text for cell in row).index("[ Run ]")
        if "7" in row[at].attributes:
            return True
        tmux.keys("app", "Tab")
        return False

    tmux.until(is_on_run, "app")
    tmux.keys("app", "Enter")


def opened(tmux: Tmux, ws: Path, size: tuple[int, int]) -> None:
    tmux.open("app", command(CHILD, ws), size)
    says(tmux, "no engine")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_a_configuration_is_reviewed_decided_and_written(
    tmux: Tmux, ws: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    opened(tmux, ws, size)
    tmux.keys("app", "g", "c")
    says(tmux, "no configuration is under review")
    new = tmp_path / "gateway.yaml"
    ask(tmux, "/", f"{tmp_path}/gw.conf {new}")
    says(tmux, "1 unknown")
    says(tmux, "nothing can be written yet")
    assert SECRET not in tmux.shown("app")
    tmux.keys("app", "B")
    says(tmux, "is off: ")
    assert not new.exists()
    says(tmux, "VGW_PORT?")
    tmux.keys("app", "n")
    says(tmux, "> ? unknown")
    tmux.keys("app", "A")
    says(tmux, "1 decided by you")
    tmux.keys("app", "n")
    says(tmux, "> x problem")
    tmux.keys("app", "X")
    says(tmux, "2 decided by you")
    says(tmux, "B writes it")
    tmux.keys("app", "Tab", "End")
    says(tmux, "admin_user: root1")
    tmux.keys("app", "Tab")
    says(tmux, "[secret ")
    assert SECRET not in tmux.shown("app")
    tmux.keys("app", "y")
    says(tmux, "copied to tmux")
    assert "--accept VGW_PROT --drop " in tmux.run("show-buffer")
    tmux.keys("app", "B")
    run_sheet(tmux)
    says(tmux, "everything stands as it would be written")
    assert "root1" in new.read_text()
    assert SECRET not in new.read_text()
    env = tmp_path / "gateway.env"
    assert SECRET in env.read_text()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_accounts_are_reviewed_and_carried_over_with_their_proof(
    tmux: Tmux, ws: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    iam = tmp_path / "iam"
    iam.mkdir(mode=0o700)
    account = {
        "access": "AKAPP1",
        "secret": SECRET,
        "role": "user",
        "userID": 7,
        "groupID": 7,
        "projectID": 0,
    }
    (iam / "users.json").write_text(json.dumps({"accessAccounts": {"AKAPP1": account}}))
    (iam / "users.json").chmod(0o600)
    opened(tmux, ws, size)
    tmux.keys("app", "g", "i")
    says(tmux, "no accounts are under review")
    ask(tmux, "/", str(iam))
    says(tmux, "AKAPP1")
    assert SECRET not in tmux.shown("app")
    to = tmp_path / "new"
    ask(tmux, "B", str(to))
    says(tmux, "HMAC proof 1 of 1")
    assert not (to / "users.json").exists()
    tmux.keys("app", "B")
    run_sheet(tmux)
    says(tmux, "written: 1 accounts")
    assert json.loads((to / "users.json").read_text()) == {"accessAccounts": {"AKAPP1": account}}
    assert SECRET not in tmux.shown("app")
