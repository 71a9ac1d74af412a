"""`vgwm clients`: files written and kept, plans held to their hash, secrets never shown."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from core.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "http://old.example:7070", "https://s3.example.org"
RENDER = ("clients", "render", "--old-endpoint", OLD, "--new-endpoint", NEW)
LOG = (
    "AKOWN b [25/November/2026:23:00:14 +0000] 10.0.0.1 AK 80PYQ s3_GetObject k /b/k 200 - 1 1 1 1"
    " - rclone/v1.68 - h SigV4 - AuthHeader s3.x.amazonaws.com - arn:aws:s3:::/b/k Yes\n"
)


class Clients:
    """Runs the commands in this process, outside of any workspace."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.shown = ""

    def __call__(self, *words: str) -> tuple[int, dict[str, object]]:
        code = main([*words, "--json"])
        out, err = self._capsys.readouterr()
        self.shown = out + err
        return code, json.loads(out)["result"] if out else json.loads(err)["error"]

    def update(self, *words: str) -> tuple[int, dict[str, object]]:
        return self("clients", "update", "--endpoint", NEW, "--dir", str(self.folder), *words)


@pytest.fixture
def clients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Clients:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VGWM_WORKSPACE", raising=False)
    folder = tmp_path / "etc"
    folder.mkdir()
    return Clients(folder, capsys)


def test_files_are_rendered_once_and_a_second_call_changes_nothing(clients: Clients) -> None:
    output = str(clients.folder / "out")
    code, told = clients(*RENDER, "--output", output, "--dry-run")
    assert (code, told["state"]) == (0, "planned")
    assert not os.path.exists(output)  # noqa: PTH110 - a text
    code, told = clients(*RENDER, "--output", output)
    assert (code, told["state"]) == (0, "written")
    assert f"+endpoint_url = {NEW}" in str(told["diff"])
    assert sorted(os.listdir(output)) == [  # noqa: PTH208 - names
        *("aws.config", "boto3_client.py", "mc.sh", "rclone.conf", "s3cfg", "s5cmd.sh")
    ]
    assert clients(*RENDER, "--output", output)[1]["state"] == "unchanged"


def test_a_file_that_differs_is_refused_and_kept_when_forced(clients: Clients) -> None:
    mine = clients.folder / "rclone.conf"
    mine.write_text("mine\n")
    code, error = clients(*RENDER, "--output", str(clients.folder))
    assert (code, error["code"]) == (5, "refused")
    assert os.listdir(clients.folder) == ["rclone.conf"]  # noqa: PTH208 - names
    code, told = clients(*RENDER, "--output", str(clients.folder), "--force")
    assert code == 0
    (kept,) = clients.folder.glob("rclone.conf.*.backup")
    assert kept.read_text() == "mine\n"
    assert told["backups"] == [str(kept)]


@pytest.mark.parametrize("same", [OLD, "http://OLD.example:7070/"])
def test_the_same_endpoint_twice_is_bad_input(clients: Clients, same: str) -> None:
    words = ("clients", "render", "--old-endpoint", OLD, "--new-endpoint", same)
    assert clients(*words, "--output", str(clients.folder))[0] == 2
    assert clients.update("--old-endpoint", NEW)[0] == 2


def test_callers_of_an_access_log_are_told(clients: Clients) -> None:
    log = clients.folder / "a.log"
    log.write_text(LOG)
    output = str(clients.folder / "out")
    _, told = clients(*RENDER, "--output", output, "--access-log", str(log))
    callers = told["callers"]
    assert isinstance(callers, list)
    assert [(one["tool"], one["access"], one["requests"]) for one in callers] == [
        ("rclone", "AK", 1)
    ]
    log.write_text("nothing\n")
    assert clients(*RENDER, "--output", output, "--access-log", str(log))[0] == 2


def write_configs(folder: Path) -> tuple[Path, Path]:
    aws, rclone = folder / "config", folder / "sub" / "rclone.conf"
    rclone.parent.mkdir()
    aws.write_text(f"[profile a]\nendpoint_url = {OLD}\naws_secret_access_key = PLANTED\n")
    rclone.write_text(f"[r]\ntype = s3\nsecret_access_key = PLANTED\nendpoint = {OLD}\n")
    aws.chmod(0o640)
    rclone.chmod(0o604)
    return aws, rclone


def test_an_update_shows_first_and_does_what_it_showed(clients: Clients) -> None:
    aws, rclone = write_configs(clients.folder)
    (clients.folder / "app.yaml").write_text("host: old.example:7070\n")
    before = aws.read_bytes()
    code, planned = clients.update()
    assert (code, planned["state"]) == (1, "planned")  # a file of no known kind names the old one
    assert planned["unknown"] == [{"path": "app.yaml", "why": "of no known kind", "mentions": True}]
    assert "PLANTED" not in clients.shown
    assert aws.read_bytes() == before
    _, done = clients.update("--confirm", str(planned["hash"]))
    assert done["state"] == "written"
    assert "PLANTED" not in clients.shown
    assert f"endpoint_url = {NEW}\n" in aws.read_text()
    assert f"endpoint = {NEW}\n" in rclone.read_text()
    assert "PLANTED" in aws.read_text()
    assert [path.stat().st_mode & 0o777 for path in (aws, rclone)] == [0o640, 0o604]
    (kept,) = clients.folder.glob("config.*.backup")
    assert kept.read_bytes() == before
    assert clients.update()[1]["changes"] == []


def test_an_owner_keeps_the_file(clients: Clients) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    aws, _ = write_configs(clients.folder)
    os.chown(aws, 4321, 4321)
    _, planned = clients.update()
    clients.update("--confirm", str(planned["hash"]))
    assert (aws.stat().st_uid, aws.stat().st_gid) == (4321, 4321)


def test_a_file_that_moved_since_is_refused_and_nothing_is_written(clients: Clients) -> None:
    aws, rclone = write_configs(clients.folder)
    _, planned = clients.update()
    aws.write_text(aws.read_text() + "# later\n")
    untouched = (aws.read_bytes(), rclone.read_bytes())
    code, error = clients.update("--confirm", str(planned["hash"]))
    assert (code, error["code"]) == (5, "refused")
    assert (aws.read_bytes(), rclone.read_bytes()) == untouched


def test_two_endpoints_in_the_files_want_a_choice(clients: Clients) -> None:
    aws, _ = write_configs(clients.folder)
    aws.write_text(aws.read_text() + "[profile b]\nendpoint_url = https://elsewhere.example\n")
    code, error = clients.update()
    assert code == 2
    assert "--old-endpoint" in str(error["remedy"])
    code, planned = clients.update("--old-endpoint", OLD)
    assert code == 0
    clients.update("--old-endpoint", OLD, "--confirm", str(planned["hash"]))
    assert "endpoint_url = https://elsewhere.example\n" in aws.read_text()


def test_links_are_not_followed_and_are_named(clients: Clients, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(f"[profile a]\nendpoint_url = {OLD}\n")
    (clients.folder / "config").symlink_to(outside)
    _, planned = clients.update("--old-endpoint", OLD)
    assert planned["unknown"] == [
        {"path": "config", "why": "a link: name its folder", "mentions": False}
    ]
    clients.update("--old-endpoint", OLD, "--confirm", str(planned["hash"]))
    assert OLD in outside.read_text()


def test_what_is_no_folder_and_what_holds_too_much_is_bad_input(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clients("clients", "update", "--endpoint", NEW, "--dir", "absent")[0] == 2
    write_configs(clients.folder)
    monkeypatch.setattr("core.operate.clients.searching.MOST_FILES", 1)
    assert clients.update()[0] == 2
