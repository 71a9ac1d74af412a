"""Gateways that no real one is: one that lets everybody in, one that asks to wait.

What real ones do is in tests/real/test_probes_gateway.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.control.probes import endpoint
from core.errors import BadInput
from core.probe.gateway import place_probes
from core.probe.probe import Depth, ask_all
from core.probe.s3 import S3Place
from tests.fakes.http_server import HttpServer, Reply, Request
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

    from core.verdict import Answer

EMPTY = (
    b'<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Owner><ID>x</ID></Owner><Buckets/></ListAllMyBucketsResult>"
)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-ours")


async def asked(url: str) -> dict[str, Answer]:
    place = S3Place(name="green", url=url)
    return {answer.check: answer async for answer in ask_all(place_probes(place, Depth.CHECK))}


def says(reply: Reply) -> HttpServer:
    def answer(_: Request) -> Reply:
        return reply

    return HttpServer(answer)


async def test_an_endpoint_that_lets_everybody_in_fails() -> None:
    server = says(Reply(200, EMPTY, {"Content-Type": "application/xml"}))
    answers = await asked(server.url)
    server.close()
    assert answers["signed"].verdict == "pass"
    assert answers["refuses"].verdict == "fail"
    assert "a wrong secret is let in" in answers["refuses"].evidence
    assert "signatures" in answers["refuses"].remedy


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>It works</body></html>", b"<?xml version='1.0'?><a/>"]
)
async def test_i7_what_is_no_s3_lets_nobody_in_and_refuses_nobody(body: bytes) -> None:
    server = says(Reply(200, body, {"Content-Type": "text/html"}))
    answers = await asked(server.url)
    server.close()
    assert answers["signed"].verdict == answers["refuses"].verdict == "unknown"
    assert "no S3" in answers["refuses"].evidence


@pytest.mark.parametrize(
    "reply", [Reply(500, b"<Error><Code>InternalError</Code></Error>"), Reply(200, b"blue")]
)
async def test_i7_an_error_that_says_nothing_of_keys_refuses_nobody(reply: Reply) -> None:
    server = says(reply)
    answers = await asked(server.url)
    server.close()
    assert answers["refuses"].verdict == "unknown", answers["refuses"].evidence


async def test_one_that_lets_a_wrong_secret_in_once_is_asked_again() -> None:
    """Somebody else's server had that port for a moment."""
    answers = [
        Reply(200, EMPTY, {"Content-Type": "application/xml"}),
        Reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),
    ]

    def answer(_: Request) -> Reply:
        return answers.pop(0)

    server = HttpServer(answer)
    found = place_probes(S3Place(name="green", url=server.url), Depth.CHECK)
    refuses = next(one for one in found if one.check == "refuses")
    assert (await refuses.ask()).verdict == "pass"
    server.close()


async def test_i7_an_endpoint_that_asks_to_wait_is_unknown() -> None:
    server = says(Reply(503, b"<Error><Code>SlowDown</Code></Error>"))
    answers = await asked(server.url)
    server.close()
    assert answers["signed"].verdict == answers["refuses"].verdict == "unknown"
    assert "SlowDown" in answers["signed"].evidence


async def test_outside_words_are_made_safe() -> None:
    server = says(Reply(400, b"<Error><Code>Bad&#27;[2J</Code><Message>a&#10;b</Message></Error>"))
    answers = await asked(server.url)
    server.close()
    assert answers["signed"].verdict == "fail"
    assert answers["signed"].evidence.isprintable()


@pytest.mark.parametrize(
    "url", ["", "s3://x", "http://", "http://h:x", "http://h:99999", "https://h/?X-Amz-Signature=1"]
)
def test_what_is_no_address_of_a_gateway_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="no address of a gateway"):
        endpoint(endpoint=url, access_key_env=None, secret_key_ref=None, ca_file=None)


@pytest.mark.parametrize(
    ("arguments", "says_so"),
    [
        (["cache", "--endpoint", "http://h:1"], "names a gateway, no cache"),
        (["gateway", "--access-key-env", "X"], "and no endpoint"),
        (["gateway", "--endpoint", "http://u:pw-77@h:1"], "holds credentials"),
        (["gateway", "--endpoint", "http://h:1", "--secret-key", "pw-77"], "as an argument"),
    ],
)
async def test_options_that_do_not_fit_are_bad_input(
    arguments: list[str], says_so: str, tmp_path: Path
) -> None:
    ran = await vgwm("health", *arguments, home=tmp_path)
    assert ran.code == 2
    assert says_so in ran.err
    assert "pw-77" not in ran.err + ran.out
