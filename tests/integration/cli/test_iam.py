"""`vgwm iam`: what it writes and keeps, what it refuses; no answer holds a secret (I9)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from core.cli.main import main
from tests.unit.iam.accounts import SOUND, account

if TYPE_CHECKING:
    from pathlib import Path

FILE = "users.json"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    return put(folder, account("AKA"), account("AKB", role="admin"))


def put(folder: Path, *accounts: dict[str, object]) -> Path:
    listed = {str(one["access"]): one for one in accounts}
    file = folder / FILE
    file.write_text(json.dumps({"accessAccounts": listed}))
    file.chmod(0o600)
    return folder


class Said:
    """Runs command lines in this process, and sees that no answer holds a secret."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def __call__(self, *words: object) -> tuple[int, dict[str, object]]:
        code = main([*map(str, words), "--json"])
        out, self.err = self._capsys.readouterr()
        assert SOUND not in out + self.err
        return code, json.loads(out)["result"] if out else {}


@pytest.fixture
def vgwm(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Said:
    monkeypatch.chdir(tmp_path)
    return Said(capsys)


def test_accounts_are_written_for_their_owner_alone_and_proved(
    vgwm: Said, old: Path, tmp_path: Path
) -> None:
    new = tmp_path / "deep" / "new"
    code, told = vgwm("iam", "convert", old, "--to", new)
    assert (code, told["state"], told["count"]) == (0, "written", 2)
    assert told["by_role"] == {"admin": 1, "user": 1}
    assert told["proof"] == {
        "old": 2,
        "new": 2,
        "equal": 2,
        "missing": 0,
        "differs": 0,
        "extra": 0,
        "holds": True,
    }
    assert new.stat().st_mode & 0o777 == 0o700
    assert (new / FILE).stat().st_mode & 0o777 == 0o600
    assert json.loads((new / FILE).read_text()) == json.loads((old / FILE).read_text())
    assert [path.name for path in new.iterdir()] == [FILE]


def test_a_second_conversion_changes_nothing(vgwm: Said, old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    vgwm("iam", "convert", old, "--to", new)
    before = (new / FILE).stat()
    code, told = vgwm("iam", "convert", old, "--to", new)
    assert (code, told["state"]) == (0, "unchanged")
    assert (new / FILE).stat() == before
    code, told = vgwm("iam", "convert", new, "--to", new)
    assert (code, told["state"]) == (0, "unchanged")


def test_a_dry_run_writes_nothing_and_names_the_command(
    vgwm: Said, old: Path, tmp_path: Path
) -> None:
    code, told = vgwm("iam", "convert", old, "--to", tmp_path / "new", "--dry-run")
    assert (code, told["state"]) == (0, "planned")
    assert told["command"] == f"vgwm iam convert --to {tmp_path / 'new'} {old}"
    assert not (tmp_path / "new").exists()


def test_other_accounts_need_force_and_every_former_file_is_kept(
    vgwm: Said, old: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    first = (put(new, account("FIRST")) / FILE).read_bytes()
    code, _ = vgwm("iam", "convert", old, "--to", new)
    assert code == 5
    assert (new / FILE).read_bytes() == first
    code, told = vgwm("iam", "convert", old, "--to", new, "--force")
    assert (code, told["backup"]) == (0, str(new / "users.json.backup"))
    assert (new / "users.json.backup").read_bytes() == first
    second = (new / FILE).read_bytes()
    put(old, account("THIRD"))
    assert vgwm("iam", "convert", old, "--to", new, "--force")[0] == 0
    assert (new / "users.json.backup").read_bytes() == second
    kept = {path.read_bytes() for path in new.glob("users.json.backup*")}
    assert kept == {first, second}
    assert {path.stat().st_mode & 0o777 for path in new.iterdir()} == {0o600}


def test_an_account_that_fails_stops_the_whole_conversion(
    vgwm: Said, old: Path, tmp_path: Path
) -> None:
    put(old, account("AKA"), account("AKB", role="boss"))
    code, told = vgwm("iam", "convert", old, "--to", tmp_path / "new")
    assert (code, told["state"], told["fails"]) == (1, "refused", 1)
    assert not (tmp_path / "new").exists()
    accounts = told["accounts"]
    assert isinstance(accounts, list)
    assert [(one["access"], one["level"]) for one in accounts] == [("AKA", "ok"), ("AKB", "fail")]


def test_the_old_files_mode_does_not_stop_it(vgwm: Said, old: Path, tmp_path: Path) -> None:
    (old / FILE).chmod(0o644)
    assert vgwm("iam", "check", old)[0] == 1
    assert vgwm("iam", "convert", old, "--to", tmp_path / "new")[0] == 0
    assert vgwm("iam", "check", tmp_path / "new")[0] == 0


def test_the_new_gateways_configuration_has_to_read_them_there(
    vgwm: Said, old: Path, tmp_path: Path
) -> None:
    new, yaml = tmp_path / "new", tmp_path / "gw.yaml"
    yaml.write_text(f"iam: {{type: internal, dir: {new}, admin_user: AKA}}\n")
    options = ("--config", yaml, "--to")
    assert vgwm("iam", "convert", old, *options, tmp_path / "other")[0] == 5
    code, told = vgwm("iam", "convert", old, *options, new)
    assert (code, told["state"]) == (1, "refused"), "an account has the root account's key"
    yaml.write_text(f"iam: {{type: internal, dir: {new}, admin_user: root1}}\n")
    assert vgwm("iam", "convert", old, *options, new)[0] == 0
    yaml.write_text(f"iam: {{type: ldap, dir: {new}}}\n")
    assert vgwm("iam", "convert", old, *options, new)[0] == 5
    yaml.write_text("server: {}\n")
    assert vgwm("iam", "convert", old, *options, new)[0] == 2


def test_check_compares_with_the_former_accounts(vgwm: Said, old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    put(new, account("AKA", role="userplus"), account("AKC"))
    code, told = vgwm("iam", "check", new, "--against", old)
    accounts = told["accounts"]
    assert isinstance(accounts, list)
    assert (code, told["fails"], told["warns"]) == (1, 3, 0)
    states = [(one["access"], one["state"]) for one in accounts]
    assert states == [("AKA", "differs"), ("AKC", "extra"), ("AKB", "missing")]
    put(new, account("AKA"), account("AKB", role="admin"))
    assert vgwm("iam", "check", new, "--against", old)[0] == 0


def test_audit_marks_equal_secrets_equal_and_ends_with_1_only_for_high(
    vgwm: Said, old: Path
) -> None:
    put(old, account("AKA", secret=SOUND), account("AKB", secret=SOUND), account("AKC"))
    code, told = vgwm("iam", "audit", old)
    assert (code, told["highs"], told["warns"]) == (0, 0, 2)
    accounts = told["accounts"]
    assert isinstance(accounts, list)
    first, second, third = (one["secret"] for one in accounts)
    assert first == second != third
    put(old, account("AKA", secret="password"))  # noqa: S106 - the rule's own example
    assert vgwm("iam", "audit", old)[0] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("iam", "check"), 2),
        (("iam", "check", "absent"), 2),
        (("iam", "check", "old", "--endpoint", "http://127.0.0.1:9"), 2),
        (("iam", "check", "--endpoint", "http://u:p@127.0.0.1:9"), 2),
        (("iam", "audit", "old", "--secret-key", "s"), 2),
        (("iam", "audit", "old", "--access-log", "absent"), 2),
        (("iam", "check", "old", "--config", "absent"), 2),
        (("iam", "convert", "old"), 2),
        (
            (
                *("iam", "check", "--endpoint", "http://127.0.0.1:9", "--access-key", "A"),
                *("--secret-key-file", "pw"),
            ),
            4,
        ),
    ],
)
def test_what_cannot_be_read_is_said_by_its_exit_code(
    vgwm: Said, old: Path, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    assert old.is_dir()
    (tmp_path / "pw").write_text(SOUND)
    assert vgwm(*words) == (code, {})
    assert set(json.loads(vgwm.err)["error"]) == {"code", "what", "where", "remedy"}


def test_plain_lines_name_each_account_and_finding(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(old, account("AKA", secret="changeme"), account("AKB"))  # noqa: S106 - the rule's own example
    assert main(["iam", "audit", str(old)]) == 1
    out = capsys.readouterr().out
    assert "2 accounts: 2 user" in out
    assert "x high  AKA  user" in out
    assert "default-credential  AKA: " in out
    assert "= ok    AKB  user" in out


def test_with_a_workspace_whom_its_buckets_name_is_known_and_marks_stay(
    vgwm: Said, old: Path, ws: Path, tmp_path: Path
) -> None:
    os.setxattr(
        tmp_path / "gw" / "docs",
        "user.policy",
        b'{"Statement":[{"Principal":{"AWS":["arn:aws:iam::1:user/AKP","AKA"]}}]}',
    )
    os.setxattr(
        tmp_path / "gw" / "photos",
        "user.acl",
        b'{"Owner":"AKA","Grantees":[{"Access":"AKG","Type":"CanonicalUser"},'
        b'{"Access":"all-users","Type":"Group"}]}',
    )
    code, told = vgwm("iam", "check", old, "-w", ws)
    findings = told["findings"]
    assert isinstance(findings, list)
    strangers = [one["access"] for one in findings if one["rule"] == "no-such-account"]
    assert (code, strangers) == (0, ["AKBLUE1", "AKG", "AKP"])
    again = vgwm("iam", "audit", old, "-w", ws)[1]["accounts"]
    first = told["accounts"]
    assert isinstance(first, list)
    assert isinstance(again, list)
    assert [one["secret"] for one in again] == [one["secret"] for one in first]
