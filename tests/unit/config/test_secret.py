from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest

from core.config.redact import redact
from core.config.secret import AwsPart, Secret, SecretKind, SecretRef
from core.errors import BadInput, Denied

MARKED = "planted-s3cret-5f0c"


@pytest.mark.parametrize("text", ["env:PW", "file:/run/secrets/pw", "aws:default", "aws:a b"])
def test_a_reference_reads_back(text: str) -> None:
    ref = SecretRef.parse(text)
    assert str(ref) == text
    assert SecretRef.parse(str(ref)) == ref
    assert hash(SecretRef.parse(text)) == hash(ref)
    assert repr(ref) == f"SecretRef('{text}')"


@pytest.mark.parametrize(
    "text", ["", MARKED, "env:", "env:A B", "env:1A", "file:relative", "vault:x", f"x:{MARKED}"]
)
def test_i9_what_is_no_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadInput, match="env:NAME") as caught:
        SecretRef.parse(text)
    assert MARKED not in str(caught.value)


def test_env_file_and_profile_resolve(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(MARKED + "\n")
    (tmp_path / "aws").write_text(
        f"[ops]\naws_access_key_id = AK1\naws_secret_access_key={MARKED}\n"
    )
    environ = {"PW": MARKED, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws")}
    for ref in ("env:PW", f"file:{tmp_path}/pw", "aws:ops"):
        assert SecretRef.parse(ref).resolve(environ).reveal() == MARKED
    assert SecretRef.parse("aws:ops").resolve(environ, part=AwsPart.ACCESS_KEY).reveal() == "AK1"


def test_only_one_line_feed_is_cut(tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(b" a\n\n")
    assert SecretRef(SecretKind.FILE, str(tmp_path / "pw")).resolve({}).reveal() == " a\n"
    (tmp_path / "pw").write_bytes(b"a\r\n")
    assert SecretRef(SecretKind.FILE, str(tmp_path / "pw")).resolve({}).reveal() == "a"


def test_what_is_absent_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "aws").write_text("[ops]\n")
    environ = {"EMPTY": "", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws")}
    for ref in (
        "env:EMPTY",
        "env:GONE",
        f"file:{tmp_path}/empty",
        f"file:{tmp_path}/gone",
        f"file:{tmp_path}",
        "aws:ops",
        "aws:gone",
    ):
        with pytest.raises(BadInput) as caught:
            SecretRef.parse(ref).resolve(environ)
        assert caught.value.where == ref


def test_a_file_that_may_not_be_read_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root reads everything
    with pytest.raises(Denied, match="0600"):
        SecretRef.parse(f"file:{tmp_path}/pw").resolve({})


def test_i9_a_broken_file_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(MARKED.encode() + b"\xff")
    (tmp_path / "aws").write_text(f"{MARKED}\n")
    (tmp_path / "large").write_text(MARKED * 10000)
    environ = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws")}
    for ref in (f"file:{tmp_path}/pw", f"file:{tmp_path}/large", "aws:ops"):
        with pytest.raises(BadInput) as caught:
            SecretRef.parse(ref).resolve(environ)
        assert MARKED not in "".join(traceback.format_exception(caught.value))


def test_i9_a_secret_shows_in_no_text_and_leaves_in_no_pickle() -> None:
    secret = Secret(MARKED)
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r:>30}", f"{[secret]}"):
        assert MARKED not in text
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(MARKED)
    assert secret != Secret("other")
    assert secret != MARKED


def test_i9_a_resolved_value_is_redacted_from_then_on() -> None:
    value = "pl4nted/äs+ef g"
    assert value in redact(f"refused {value}")
    SecretRef.parse("env:X").resolve({"X": value})
    assert redact(f"refused {value}") == "refused [secret]"
    assert redact("at /x?k=pl4nted%2F%C3%A4s%2Bef%20g") == "at /x?k=[secret]"
