from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.redact import HIDDEN, redact, redact_json, remember

MARK = "pl4nt3dValue"


@pytest.mark.parametrize(
    "text",
    [
        f"http://user:{MARK}@kubo-1:5001/api",
        f"http://{MARK}@kubo-1:5001/api",
        f"amqp+ssl://u:{MARK}@h",
        f"Authorization: Basic {MARK}",
        f"authorization: Bearer {MARK}.x.y",
        f"{{'Authorization': 'Basic {MARK}'}}",
        f"Authorization: AWS4-HMAC-SHA256 Credential=AK/20261125/x, Signature={MARK}",
        f"sent Bearer {MARK}",
        f"/b/k?X-Amz-Signature={MARK}&x=1",
        f"/b/k?X-Amz-Security-Token={MARK}",
        f"/b/k?X-Amz-Credential={MARK}%2F20261125",
        f"/b/k?AWSAccessKeyId=AK&Signature={MARK}",
        f"x-amz-security-token: {MARK}",
        f"ROOT_SECRET_ACCESS_KEY={MARK}",
        f"ROOT_SECRET_KEY='{MARK}'",
        f"password: {MARK}",
        f'{{"password":"{MARK}","a":1}}',
        f'{{\\"secret\\": \\"{MARK}\\"}}',
        f"cluster_password={MARK}",
        f"passwd={MARK} token={MARK}",
        f"aws_secret_access_key = {MARK}",
        f"set-cookie: session={MARK}",
        f"-----BEGIN EC PRIVATE KEY-----\n{MARK}\n-----END EC PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{MARK}",
    ],
)
def test_i9_a_secret_in_a_known_place_is_removed(text: str) -> None:
    shown = redact(text)
    assert MARK not in shown
    assert HIDDEN in shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "bundle 17: 3 objects failed, 2 retried",
        "http://kubo-1:5001/api/v0/dag/import?pin-roots=false",
        "cluster_password_ref: env:PW",
        '{"cluster_password_ref":"file:/run/pw"}',
        "photos/2024/IMG_0031442.jpg",
        "12D3KooWJ9 at /ip4/10.0.0.1/tcp/4001/p2p/12D3KooWJ9",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_the_rest_of_the_line_stays() -> None:
    assert redact(f"GET http://u:{MARK}@h/p failed: 401") == "GET http://[secret]@h/p failed: 401"
    assert redact(f"a?X-Amz-Signature={MARK}&part=1") == "a?X-Amz-Signature=[secret]&part=1"


def test_i9_a_remembered_value_is_removed_wherever_it_stands() -> None:
    remember("hunter2-remembered")
    remember("hunter2-remembered-longer")
    assert redact("x hunter2-remembered-longer y") == "x [secret] y"
    assert redact("aHVudGVyMi1yZW1lbWJlcmVk") == HIDDEN  # base64
    remember("abc")  # too short: it would blot out ordinary text
    assert redact("abcdef") == "abcdef"


@given(st.text(max_size=80))
def test_any_text_is_redacted_without_fault_and_stays_redacted(text: str) -> None:
    shown = redact(text)
    assert redact(shown) == shown


@given(st.text(max_size=30), st.text(max_size=30))
def test_i9_a_remembered_value_survives_no_surroundings(before: str, after: str) -> None:
    remember(MARK + "-any")
    assert MARK not in redact(f"{before}{MARK}-any{after}")


def test_a_long_hostile_text_takes_no_time() -> None:
    for text in ("secret" * 20_000, "Authorization" * 10_000, "a://" * 30_000, "-" * 100_000):
        redact(text)


def test_json_stays_json_whatever_stands_in_its_texts() -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{MARK}"
    told = {"why": f"hook said token={MARK}", "deadline_ns": 17, "left": [key, None, True]}
    found = json.loads(redact_json(json.dumps(told)))
    assert MARK not in str(found)
    assert (found["deadline_ns"], found["left"][1:]) == (17, [None, True])
    assert redact_json(f"no JSON, password={MARK}") == f"no JSON, password={HIDDEN}"
