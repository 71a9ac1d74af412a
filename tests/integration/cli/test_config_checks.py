"""`vgwm config backup`, `check` and `sanitize`: what they keep, find and mask (I9)."""

from __future__ import annotations

import base64
import errno
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.cli.config_ground import OTHER, PLANTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.config_ground import Said


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
