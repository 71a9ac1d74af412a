from __future__ import annotations

import pytest

from core.cutover.private_writer import CannotHold, refusal_of
from core.errors import CapacityExhausted, Denied, NodeUnreachable

LOCKED = "Access Denied because object protected by object lock."


def body(code: str, text: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>{text}</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (507, body("InsufficientStorage"), CapacityExhausted),
        (403, body("SignatureDoesNotMatch"), Denied),
        (403, body("AccessDenied"), Denied),
        (403, b"", Denied),  # of a HEAD
        (403, body("AccessDenied", LOCKED), CannotHold),  # this key, and no other
        (409, body("ObjectParentIsFile"), CannotHold),
        (400, body("KeyTooLongError"), CannotHold),
        (500, body("InternalError"), NodeUnreachable),
        (503, body("SlowDown"), NodeUnreachable),
        (404, body("NoSuchBucket"), NodeUnreachable),
        (502, b"<html>", NodeUnreachable),
    ],
)
def test_a_refusal_is_of_one_key_or_of_all_for_good_or_for_now(
    status: int, answer: bytes, error: type[Exception]
) -> None:
    assert type(refusal_of(status, answer, "PUT b/k")) is error
