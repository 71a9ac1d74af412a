"""`vgwm config diff` and `convert`: what they show, write and refuse; no secret told (I9)."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from core.config.disk import RealDisk
from tests.integration.cli.config_ground import PLANTED, names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.config_ground import Said


def test_a_diff_shows_every_key_and_writes_nothing(vgwm: Said, place: Path) -> None:
    before = names(place)
    code, shown = vgwm.result("config", "diff", "gw.conf", "gw.yaml")
    assert code == 0
    assert names(place) == before
    rows = {row["key"] or row["path"]: row for row in shown["rows"]}
    assert rows["VGW_REGION"]["state"] == "same"
    assert rows["ROOT_SECRET_ACCESS_KEY"]["value"].startswith("[secret ")
    assert rows["backend.ipfs.replication_max"]["new_value"] == "2"
    assert rows["SOME_PASSWORD"]["state"] == "unknown"
    assert rows["SOME_PASSWORD"]["acts"] == ["accept", "drop"]
    assert shown["counts"]["unknown"] == 1
    assert {proof["state"] for proof in shown["round_trip"]} == {"pass"}
    assert shown["command"] == f"vgwm -w {place}/ws config convert gw.conf gw.yaml"


def test_a_conversion_is_written_once_and_a_second_one_is_identical(
    vgwm: Said, place: Path
) -> None:
    code, made = vgwm.result("config", "convert", "gw.conf", "gw.yaml", "--env-out", "new.env")
    assert code == 0
    assert made["written"] == ["gw.yaml", "new.env"]
    assert (place / "new.env").stat().st_mode & 0o777 == 0o600
    assert PLANTED in (place / "new.env").read_text()
    assert PLANTED not in (place / "gw.yaml").read_text()
    first = {name: (place / name).read_bytes() for name in ("gw.yaml", "new.env")}
    code, again = vgwm.result("config", "convert", "gw.conf", "gw.yaml", "--env-out", "new.env")
    assert (code, again["written"], again["backups"]) == (0, [], [])
    assert {name: (place / name).read_bytes() for name in first} == first


def test_an_existing_file_is_refused_then_replaced_and_kept_with_its_mode(
    vgwm: Said, place: Path
) -> None:
    (place / "gw.yaml").write_text("mine\n")
    (place / "gw.yaml").chmod(0o640)
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 5
    assert (place / "gw.yaml").read_text() == "mine\n"
    assert not (place / "gw.env").exists(), "all files or none"
    code, made = vgwm.result("config", "convert", "gw.conf", "gw.yaml", "--force")
    assert code == 0
    (kept,) = place.glob("gw.yaml.*.backup")
    assert made["backups"] == [str(kept)]
    assert kept.read_text() == "mine\n"
    assert kept.stat().st_mode & 0o777 == 0o640


def test_a_problem_blocks_the_write(vgwm: Said, place: Path) -> None:
    with (place / "gw.conf").open("a") as file:
        file.write("VGW_QUIET=maybe\n")
    code, made = vgwm.result("config", "convert", "gw.conf", "gw.yaml")
    assert (code, made["written"]) == (1, [])
    assert not (place / "gw.yaml").exists()
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", "--drop", "VGW_QUIET") == 0
    assert (place / "gw.yaml").exists()


def test_i8_what_was_shown_is_written_or_nothing(vgwm: Said, place: Path) -> None:
    _, shown = vgwm.result("config", "diff", "gw.conf", "gw.yaml")
    with (place / "gw.conf").open("a") as file:
        file.write("VGW_HEALTH=/health\n")
    confirm = ("--confirm", shown["hash"])
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", *confirm) == 5
    assert not (place / "gw.yaml").exists()
    _, shown = vgwm.result("config", "diff", "gw.conf", "gw.yaml")
    # a script's unset variable confirms nothing
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", "--confirm", "") == 5
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", "--confirm", shown["hash"]) == 0


def test_the_hash_follows_a_file_that_somebody_else_changed(vgwm: Said, place: Path) -> None:
    _, shown = vgwm.result("config", "diff", "gw.conf", "gw.yaml")
    (place / "gw.env").write_text("SOMEBODY=1\n")
    words = ("config", "convert", "gw.conf", "gw.yaml", "--force", "--confirm", shown["hash"])
    assert vgwm(*words) == 5


def test_the_command_of_a_diff_writes_what_it_showed(vgwm: Said, place: Path) -> None:
    words = ("--accept", "SOME_PASSWORD", "--set", "backend.ipfs.pin_timeout=10m")
    _, shown = vgwm.result("config", "diff", "gw.conf", "a b.yaml", *words)
    program, *command = shlex.split(shown["command"])
    assert program == "vgwm"
    assert vgwm(*command, "--confirm", shown["hash"]) == 0
    assert "VGW_IPFS_PIN_TIMEOUT=10m" in (place / "a b.env").read_text()


def test_without_a_workspace_the_target_is_a_problem_not_a_fault(
    vgwm: Said, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VGWM_WORKSPACE")
    code, shown = vgwm.result("config", "diff", "gw.conf")
    assert code == 1
    problems = {row["path"] for row in shown["rows"] if row["state"] == "problem"}
    assert problems == {"backend.ipfs.cluster_endpoints", "backend.ipfs.metadata_db.endpoints"}
    assert vgwm("config", "diff", "gw.conf", "-w", "nowhere") == 2
    assert place.is_dir()


def test_bad_input_is_named_and_nothing_is_touched(vgwm: Said, place: Path) -> None:
    before = names(place)
    (place / "junk").write_bytes(b"\x7fELF\0\0")
    for words in (
        ("gw.none", "gw.yaml"),
        ("junk", "gw.yaml"),
        ("gw.conf", "gw.conf"),
        ("gw.conf", "gw.yaml", "--env-out", "gw.yaml"),
        ("gw.conf", "gw.yaml", "--drop", "VGW_REGOIN"),
        ("gw.conf", "gw.yaml", "--set", "iam.admin_secret_ref=" + PLANTED),
    ):
        assert vgwm("config", "convert", *words) == 2, words
    (place / "junk").unlink()
    assert names(place) == before


def test_what_a_crash_left_half_written_is_finished_first(
    vgwm: Said, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        """The process ends here."""

    real = RealDisk.rename
    done: list[Path] = []

    def once(self: RealDisk, path: Path, to: Path) -> None:
        if done:
            raise Crash
        done.append(to)
        real(self, path, to)

    monkeypatch.setattr(RealDisk, "rename", once)
    with pytest.raises(Crash):
        vgwm("config", "convert", "gw.conf", "gw.yaml")
    monkeypatch.setattr(RealDisk, "rename", real)
    assert (place / "gw.yaml").exists()
    assert not (place / "gw.env").exists()
    code, made = vgwm.result("config", "convert", "gw.conf", "gw.yaml")
    assert (code, made["written"]) == (0, []), "finished, so there was nothing to write"
    assert (place / "gw.env").exists()
    assert not [one for one in names(place) if one.startswith(".")]


def test_files_are_given_to_whom_the_old_one_belonged(vgwm: Said, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(place / "gw.conf", 1234, 1235)
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 0
    owners = {(one.stat().st_uid, one.stat().st_gid) for one in place.glob("gw.*")}
    assert owners == {(1234, 1235)}
