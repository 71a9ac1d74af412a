"""A private folder is made with those above it, or says why not and what to do."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from core.config.folder import make_private
from core.errors import BadInput, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> None:
    make_private(folder, noun="the folder", denied="Run as root.", other="Name another.")


def test_i9_it_is_private_and_one_that_stands_is_left_as_it_is(tmp_path: Path) -> None:
    make(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir(mode=0o755)
    make(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.EACCES, Denied, "Run as root."),
        (errno.ENOSPC, CapacityExhausted, "Free some space."),
        (errno.EROFS, BadInput, "Name another."),
    ],
)
def test_one_that_cannot_be_made_says_why_where_and_what_to_do(
    tmp_path: Path, number: int, kind: type[VgwmError], remedy: str
) -> None:
    fault = OSError(number, "no")
    with patch("pathlib.Path.mkdir", side_effect=fault), pytest.raises(kind) as caught:
        make(tmp_path / "a")
    assert caught.value.what.startswith("the folder cannot be made")
    assert (caught.value.where, caught.value.remedy) == (str(tmp_path / "a"), remedy)


def test_a_file_in_its_place_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(BadInput):
        make(tmp_path / "a")
