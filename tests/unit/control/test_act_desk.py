"""Plans as the API takes and shows them: what no act can be is refused, the command is named."""

from __future__ import annotations

import shlex

import pytest

from core.control.failures.act_desk import command, wish_of
from core.control.wire.failures import PlanRequest
from core.engine.acts.wish import Deed, Wish
from core.errors import BadInput


def asked(**more: object) -> PlanRequest:
    return PlanRequest(**{"act": "retry", "actor": "op1", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked(act="forget"), "no act forget"),
        (asked(act="skip", code="denied"), "needs a reason"),
        (asked(act="skip", code="denied", reason=" \n"), "needs a reason"),
        (asked(act="skip", reason="old"), "which objects"),
        (asked(act="unskip"), "which objects"),
        (asked(names=("a/b",), code="denied"), "at once"),
        (asked(code="corrupt"), "corrupt is for a skip"),
        (asked(max_attempts=0), "0 attempts"),
        (asked(max_attempts=101), "101 attempts"),
        (asked(act="skip", code="denied", reason="x" * 1_001), "reason of more"),
        (asked(names=("a/b",) * 200_001), "200,001 objects"),
    ],
)
def test_what_no_act_can_be_is_refused(request_: PlanRequest, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        wish_of(request_)


def test_a_reason_is_made_safe_to_show() -> None:
    wish = wish_of(asked(act="skip", code="denied", reason=" lost\x1b[2J\n"))
    assert wish.reason == r"lost\u{1b}[2J"
    assert wish_of(asked(reason="of no matter here")).reason == ""


def test_i9_a_secret_in_a_reason_is_not_kept() -> None:
    reason = "tried with Authorization: AWS4-HMAC-SHA256 Credential=AK/2024, Signature=00ff00ff"
    assert "00ff00ff" not in wish_of(asked(act="skip", code="denied", reason=reason)).reason


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(deed=Deed.RETRY, max_attempts=5), ["retry", "--max-attempts", "5"]),
        (
            Wish(deed=Deed.SKIP, code="denied", reason="it's old"),
            ["skip", "--class", "denied", "--reason", "it's old"],
        ),
        (
            Wish(deed=Deed.UNSKIP, places=((1, b"a", b""),)),
            ["skip", "--undo", "--object-list", "FILE"],
        ),
        (
            Wish(deed=Deed.RETRY, prefix=b"photos/a b", phase="copy", max_attempts=1),
            [
                *("retry", "--phase", "copy", "--prefix", "photos/a b"),
                *("--max-attempts", "1"),
            ],
        ),
    ],
)
def test_the_command_that_does_the_same_is_named(wish: Wish, words: list[str]) -> None:
    assert shlex.split(command(wish)) == ["vgwm", *words]
