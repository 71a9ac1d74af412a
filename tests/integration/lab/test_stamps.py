from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.lab.stamps import make_old, stamps

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("a/file")
    if not make_old(tmp_path):
        pytest.skip("this file system keeps no atimes")
    return tmp_path


def test_taking_stamps_moves_none(tree: Path) -> None:
    before = stamps(tree)
    assert set(before) == {b".", b"./a", b"./a/file", b"./link"}
    assert stamps(tree) == before


def test_a_plain_read_is_seen(tree: Path) -> None:
    before = stamps(tree)
    (tree / "a" / "file").read_bytes()
    changed = {name for name, stamp in stamps(tree).items() if stamp != before[name]}
    assert changed == {b"./a/file"}


def test_a_plain_listing_is_seen(tree: Path) -> None:
    before = stamps(tree)
    os.listdir(tree / "a")  # noqa: PTH208 - the plainest listing of all
    assert stamps(tree)[b"./a"] != before[b"./a"]


def test_an_attribute_set_behind_our_back_is_seen(tree: Path) -> None:
    before = stamps(tree)
    os.setxattr(tree / "a" / "file", "user.x", b"1")
    assert stamps(tree)[b"./a/file"].ctime_ns != before[b"./a/file"].ctime_ns
