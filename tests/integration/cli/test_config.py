"""`vgwm config`: what it shows, writes, keeps and refuses; no answer holds a secret (I9)."""

from __future__ import annotations

import base64
import errno
import json
import os
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.cli.main import main
from core.config.disk import RealDisk
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


def make_pair(folder: Path, *, days: int = 9) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gw.example")])
    now = datetime.now(tz=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    begins, ends = now - timedelta(days=30), now + timedelta(days=days)
    cert = builder.not_valid_before(begins).not_valid_after(ends).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "gw.crt").write_bytes(cert.public_bytes(pem))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "gw.key").write_bytes(key.private_bytes(pem, form, plain))


def test_a_certificate_has_to_be_readable_matching_and_in_date(vgwm: Said, place: Path) -> None:
    with (place / "gw.conf").open("a") as file:
        file.write(f"VGW_CERT={place}/gw.crt\nVGW_KEY={place}/gw.key\n")

    def reason() -> tuple[int, str]:
        code, shown = vgwm.result("config", "diff", "gw.conf")
        (row,) = (row for row in shown["rows"] if row["key"] == "VGW_CERT")
        return code, row["reason"]

    assert reason() == (1, "the certificate cannot be read: No such file or directory")
    make_pair(place)
    assert reason() == (0, "")
    key = (place / "gw.key").read_bytes()
    make_pair(place)
    (place / "gw.key").write_bytes(key)
    assert reason() == (1, "the key is not the certificate's")
    make_pair(place, days=-2)
    assert reason() == (1, "expired 2 d ago")
    (place / "gw.crt").write_text("nothing")
    assert reason() == (1, "the certificate is no PEM certificate")


def test_a_backup_keeps_what_the_configuration_names(vgwm: Said, place: Path) -> None:
    accounts = place / "iam"
    accounts.mkdir()
    (accounts / "users.json").write_text('{"accessAccounts":{}}')
    (accounts / "users.json").chmod(0o600)
    conf = (place / "gw.conf").read_text().replace("/data/iam", str(accounts))
    (place / "gw.conf").write_text(conf)
    (place / "unit").write_text("[Service]\n")
    words = ("config", "backup", "gw.conf", "--unit", "unit")
    code, shown = vgwm.result(*words, "--dry-run")
    assert code == 0
    assert not (place / "ws" / "backups").exists()
    code, made = vgwm.result(*words)
    assert code == 0
    assert [one["kind"] for one in made["files"]] == ["config", "iam", "unit"]
    assert [one["sha256"] for one in made["files"]] == [one["sha256"] for one in shown["files"]]
    (folder,) = (place / "ws" / "backups").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.name.startswith("config-")
    for one in made["files"]:
        copy = folder / one["copy"]
        assert f"{copy.stat().st_mode & 0o777:04o}" == one["mode"]
    assert (folder / made["files"][0]["copy"]).read_text() == conf
    listed = json.loads((folder / "backup.json").read_text())["files"]
    assert [one["sha256"] for one in listed] == [one["sha256"] for one in made["files"]]


def test_a_backup_of_what_is_not_there_leaves_nothing(vgwm: Said, place: Path) -> None:
    assert vgwm("config", "backup", "gw.conf", "--unit", "none") == 2
    assert not list((place / "ws" / "backups").iterdir())
    assert vgwm("config", "backup", "gw.conf", "--to", place / "elsewhere") == 0
    assert len(list((place / "elsewhere").iterdir())) == 1


def test_a_check_holds_the_yaml_against_its_env_file(vgwm: Said, place: Path) -> None:
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 0
    assert vgwm("config", "check", "gw.yaml") == 0
    assert vgwm("config", "check", "gw.env") == 0
    text = (place / "gw.yaml").read_text()
    breakages = {
        "iam.admin_password_hash": text.replace(
            "iam:\n", "iam:\n  admin_password_hash: $2a$10$x\n"
        ),
        "server.regoin": text.replace("region:", "regoin:"),
        "iam.admin_secret": text.replace(
            "admin_secret_ref: env:ROOT_SECRET_ACCESS_KEY", f"admin_secret: {PLANTED}"
        ),
        "iam.admin_secret_ref": text.replace("env:ROOT_SECRET_ACCESS_KEY", PLANTED),
        "backend.type": text.replace("type: ipfs", "type: posix"),
        "backend.ipfs.replication_max": text.replace("replication_max: 2", "replication_max: 3"),
        "backend.ipfs.pin_timeout": text.replace("pin_timeout: 300s", "pin_timeout: 300"),
        "backend.ipfs.chunk_size": text.replace("chunk_size: 1048576", "chunk_size: '1'"),
    }
    for path, broken in breakages.items():
        assert broken != text, path
        (place / "gw.yaml").write_text(broken)
        assert vgwm("config", "check", "gw.yaml", "--json") == 1, path
        wrong = [json.loads(line) for line in vgwm.out.splitlines()]
        assert path in {one["path"] for one in wrong if one["state"] == "fail"}, wrong
    (place / "gw.yaml").write_text(text)
    (place / "gw.env").chmod(0o644)
    assert vgwm("config", "check", "gw.yaml") == 1
    (place / "gw.env").chmod(0o600)
    (place / "gw.env").rename(place / "other.env")
    assert vgwm("config", "check", "gw.yaml") == 4
    assert vgwm("config", "check", "gw.yaml", "--env", "other.env") == 0


def test_a_check_of_an_old_file_names_lines(vgwm: Said, place: Path) -> None:
    with (place / "gw.conf").open("a") as file:
        file.write("VGW_REGION=eu-2\nVGW_QUIET=maybe\n")
    (place / "gw.conf").chmod(0o600)
    assert vgwm("config", "check", "gw.conf") == 1
    assert "line 3: overridden below" in vgwm.out
    assert "line 10: no boolean" in vgwm.out


def test_i9_sanitize_masks_every_secret_and_keeps_the_rest(vgwm: Said, place: Path) -> None:
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 0
    for name in ("gw.conf", "gw.env", "gw.yaml", "ws/vgwm.yaml"):
        assert vgwm("config", "sanitize", name) == 0
        assert "comment left out" in vgwm.out or name != "gw.conf"
    assert vgwm("config", "sanitize", "gw.env") == 0
    marked = [line for line in vgwm.out.splitlines() if "[secret " in line]
    assert [line.partition("=")[0] for line in marked] == [
        "ROOT_SECRET_ACCESS_KEY",
        "SOME_PASSWORD",
    ]
    assert "VGW_REGION=eu-1" in vgwm.out
    (place / "odd.yaml").write_text(f"a:\n  url: http://u:{OTHER}@h/\n  password: {PLANTED}\n")
    assert vgwm("config", "sanitize", "odd.yaml") == 0
    (place / "odd.conf").write_text(f"X_PASSWORD={OTHER}: {PLANTED}\n")
    assert vgwm("config", "sanitize", "odd.conf") == 0


@pytest.mark.parametrize(
    "text",
    [
        f"iam:\n  admin_secret: |\n    {PLANTED}\n---\nb: 1\n",
        f"iam:\n  admin_secret:\n    {PLANTED}\niam: 1\n",
        f"iam: !x\n  - admin_secret: >-\n      {PLANTED}\n",
        f"VGW_KEY=-----BEGIN PRIVATE KEY-----\n{PLANTED}\n{PLANTED}==\n",
        f"[iam]\nadmin_secret = \n  {PLANTED}\n",
    ],
)
def test_i9_sanitize_gives_nothing_out_of_a_text_that_is_of_no_form(
    vgwm: Said, place: Path, text: str
) -> None:
    (place / "odd.yaml").write_text(text)
    assert vgwm("config", "sanitize", "odd.yaml") == 2
    assert vgwm.out == ""
    assert PLANTED not in vgwm.err


def test_i9_sanitize_gives_nothing_out_if_a_secret_is_left_in_another_spelling(
    vgwm: Said, place: Path
) -> None:
    spelled = base64.b64encode(PLANTED.encode()).decode()
    (place / "odd.conf").write_text(f"ROOT_SECRET_KEY={PLANTED}\nVGW_REGION={spelled}\n")
    assert vgwm("config", "sanitize", "odd.conf") == 7
    assert vgwm.out == ""
    assert spelled not in vgwm.err
    assert "line 2 of the result" in vgwm.err


def test_files_are_given_to_whom_the_old_one_belonged(vgwm: Said, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(place / "gw.conf", 1234, 1235)
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 0
    owners = {(one.stat().st_uid, one.stat().st_gid) for one in place.glob("gw.*")}
    assert owners == {(1234, 1235)}


def test_i9_an_env_file_that_others_may_read_is_no_match(vgwm: Said, place: Path) -> None:
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 0
    (place / "gw.env").chmod(0o644)
    assert vgwm("config", "convert", "gw.conf", "gw.yaml") == 5
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", "--force") == 0
    assert (place / "gw.env").stat().st_mode & 0o777 == 0o600


def test_problems_are_named_under_json_too(vgwm: Said, place: Path) -> None:
    (place / "gw.conf").write_text("VGW_QUIET=maybe\n")
    assert vgwm("config", "convert", "gw.conf", "gw.yaml", "--json") == 1
    told = json.loads(vgwm.out)["warnings"]
    assert "VGW_QUIET: no boolean: write true or false" in told


def test_a_backup_that_cannot_be_finished_leaves_no_folder(
    vgwm: Said, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        del handle
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    assert vgwm("config", "backup", "gw.conf", "--to", place / "kept") == 4
    assert not list((place / "kept").iterdir())


def test_a_copy_that_reads_back_otherwise_stops_a_backup(
    vgwm: Said, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(source: Path, copy: Path) -> None:
        copy.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr("shutil.copyfile", torn)
    assert vgwm("config", "backup", "gw.conf", "--to", place / "kept") == 7
    assert not list((place / "kept").iterdir())


def test_the_guides_own_yaml_is_told_why_no_gateway_can_use_it(vgwm: Said, place: Path) -> None:
    (place / "guide.yaml").write_text(
        "backend:\n  type: ipfs\n"
        "iam:\n  type: internal\n  admin_user: admin\n  admin_password_hash: $2a$10$Kq7pW9xK\n"
    )
    assert vgwm("config", "check", "guide.yaml") == 1
    assert "SigV4 needs the secret" in vgwm.out
    assert vgwm("config", "sanitize", "guide.yaml") == 0
    assert "Kq7pW9xK" not in vgwm.out
