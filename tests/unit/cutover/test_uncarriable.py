from __future__ import annotations

import pytest

from core.cutover.uncarriable import why_not, why_refused


@pytest.mark.parametrize(
    "key", ["a", "a/b", "a/b/", ".hidden", "a/..b", "ü" * 127, "x" * 255 + "/y"]
)
def test_a_key_that_a_path_can_be_is_carried(key: str) -> None:
    assert not why_not(key)


@pytest.mark.parametrize(
    "key",
    ["a//b", "/a", "//", "a/./b", "a/../b", "..", ".", "../../etc/passwd", "a/b//", "a\0b", ""],
)
def test_a_key_whose_path_would_be_another_one_is_never_sent(key: str) -> None:
    assert why_not(key)


def test_a_component_is_measured_in_bytes() -> None:
    assert not why_not("x" * 255)
    assert why_not("x" * 256)
    assert why_not("ü" * 128)


def test_a_folder_holds_no_bytes() -> None:
    assert not why_not("a/")
    assert why_not("a/", 1)


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "ObjectParentIsFile"), (400, "KeyTooLongError"), (400, "Unheard"), (501, "")],
)
def test_a_refusal_that_lasts_is_told_from_one_that_passes(status: int, code: str) -> None:
    assert why_refused(status, code)


@pytest.mark.parametrize("status", [500, 503, 403, 404])
def test_an_error_that_may_pass_is_tried_again(status: int) -> None:
    assert not why_refused(status, "SlowDown")
