"""Marks: equal secrets look equal, in one workspace, and nothing of them is shown (I9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.config.mark import KEY_FILE, Marks, marks_of
from core.config.redact import redact
from core.config.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = Secret("m4rk-one-Kq7"), Secret("m4rk-two-Zz3")


def test_equal_secrets_have_equal_marks_of_four_hex_digits() -> None:
    marks = Marks(b"k" * 32)
    assert marks.of(ONE) == marks.of(Secret("m4rk-one-Kq7"))
    assert marks.of(ONE) != marks.of(OTHER)
    assert re.fullmatch(r"\[secret [0-9a-f]{4}\]", marks.of(ONE))


def test_a_workspace_keeps_its_key_for_itself_and_marks_stay(tmp_path: Path) -> None:
    first = marks_of(tmp_path).of(ONE)
    assert marks_of(tmp_path).of(ONE) == first
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_without_a_workspace_nothing_is_written_and_marks_still_compare(tmp_path: Path) -> None:
    marks = marks_of(None)
    assert marks.of(ONE) == marks.of(ONE) != marks.of(OTHER)
    assert marks_of(tmp_path / "absent").of(ONE)
    assert list(tmp_path.iterdir()) == []


def test_a_mark_is_no_secret_to_be_taken_out_again() -> None:
    text = 'secret: "[secret 3f9a]" and secret=[secret 77c0]'
    assert redact(text) == text
