"""Gateways asked as a client asks: a real VersityGW over TLS, under an authority of our own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.config.schema import DirTarget, Gateway, PosixSource, Workspace
from core.config.secret import SecretKind, SecretRef
from core.probe import gateway as probed
from core.probe.probe import Depth, ask_all
from core.probe.s3 import S3Login, S3Place
from core.verdict import Verdict
from tests.integration.cli.shell import vgwm
from tests.lab.authority import Authority
from tests.lab.gateway import Gateway as RealGateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.verdict import Answer
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

LOGIN = S3Login(
    access_key_ref=SecretRef(SecretKind.ENV, "GW_ACCESS"),
    secret_ref=SecretRef(SecretKind.ENV, "GW_SECRET"),
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(
    tools: Tools,
    authority: Authority,
    keeper: Keeper,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RealGateway]:
    folder = tmp_path_factory.mktemp("tls")
    made = RealGateway(
        "gateway-tls",
        tools.path("versitygw"),
        folder,
        with_sidecar=False,
        tls=authority.issue("gateway"),
    )
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.fixture
def place(served: RealGateway, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    monkeypatch.setenv("GW_ACCESS", served.account.access)
    monkeypatch.setenv("GW_SECRET", served.account.secret)
    return S3Place(name="green", url=served.url, login=LOGIN, ca_file=authority.file)


async def asked(place: S3Place, depth: Depth = Depth.CHECK) -> dict[str, Answer]:
    return {answer.check: answer async for answer in ask_all(probed.place_probes(place, depth))}


async def answered(place: S3Place, depth: Depth = Depth.CHECK) -> dict[str, Answer]:
    """Ask until every answer came within its limit: a late one is unknown (I7)."""
    while True:
        answers = await asked(place, depth)
        if not any("no answer in" in one.evidence for one in answers.values()):
            return answers


def verdicts(answers: dict[str, Answer]) -> dict[str, str]:
    return {check: str(answer.verdict) for check, answer in answers.items()}


async def test_a_gateway_that_is_well_passes_with_and_without_objects(
    place: S3Place, served: RealGateway
) -> None:
    empty = await answered(place)
    assert verdicts(empty) == {"tls": "pass", "signed": "pass", "refuses": "pass"}
    assert "no bucket" in empty["signed"].evidence
    bucket = served.root / "photos"
    bucket.mkdir()
    assert "of a bucket" in (await answered(place, Depth.HEALTH))["signed"].evidence
    (bucket / "a.txt").write_bytes(b"x" * 5_000)
    full = await answered(place, Depth.HEALTH)
    assert verdicts(full) == {"tls": "pass", "signed": "pass"}
    assert "HEAD" in full["signed"].evidence
    assert "ms of an object" in full["signed"].evidence
    assert "valid" in full["tls"].evidence
    blue = await answered(replace(place, is_source=True), Depth.HEALTH)
    assert "none is read of a source" in blue["signed"].evidence


@pytest.mark.parametrize("name", ["GW_ACCESS", "GW_SECRET"])
async def test_a_wrong_key_fails_the_signed_calls_alone(
    place: S3Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "wrong-one-77")
    answers = await asked(place)
    assert verdicts(answers) == {"tls": "pass", "signed": "fail", "refuses": "pass"}
    assert "Check access key and secret" in answers["signed"].remedy
    assert "wrong-one-77" not in repr(answers)


async def test_i7_no_keys_leave_the_signed_calls_unknown(
    place: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GW_SECRET")
    answers = await asked(place)
    assert verdicts(answers) == {"tls": "pass", "signed": "unknown", "refuses": "pass"}
    assert "AWS_ACCESS_KEY_ID" in answers["signed"].remedy


async def test_an_authority_that_nobody_here_knows_fails_tls(
    place: S3Place, tmp_path: Path
) -> None:
    strange = S3Place(
        name="green", url=place.url, login=LOGIN, ca_file=Authority(tmp_path, "other").file
    )
    answers = await asked(strange)
    assert verdicts(answers) == {"tls": "fail", "signed": "unknown", "refuses": "unknown"}
    assert "see the row tls" in answers["signed"].evidence


async def test_a_certificate_that_has_ended_fails_tls(
    tools: Tools, authority: Authority, keeper: Keeper, place: S3Place, tmp_path: Path
) -> None:
    ended = RealGateway(
        "gateway-ended",
        tools.path("versitygw"),
        tmp_path,
        with_sidecar=False,
        tls=authority.issue("ended", ends_in_days=-1),
    )
    ended.start(keeper)
    answers = await asked(
        S3Place(name="green", url=ended.url, login=LOGIN, ca_file=place.ca_file), Depth.HEALTH
    )
    keeper.forget(ended.server)
    assert verdicts(answers) == {"tls": "fail", "signed": "unknown"}
    assert "expired" in answers["tls"].evidence
    assert "Renew" in answers["tls"].remedy


async def test_i7_a_gateway_that_hangs_is_unknown(place: S3Place, served: RealGateway) -> None:
    served.server.stop()
    try:
        answers = await asked(place, Depth.HEALTH)
    finally:
        served.server.cont()
    assert verdicts(answers) == {"tls": "unknown", "signed": "unknown"}
    assert all("no answer" in answer.evidence for answer in answers.values())
    assert "Start the gateway" in answers["tls"].remedy


async def test_health_asks_a_gateway_of_no_workspace(
    place: S3Place, served: RealGateway, tmp_path: Path
) -> None:
    """L594: health-check --endpoint U."""
    env = {"GW_ACCESS": served.account.access, "GW_SECRET": served.account.secret}
    keys = ("--access-key-env", "GW_ACCESS", "--secret-key-env", "GW_SECRET")
    trust = ("--ca-file", str(place.ca_file))
    ask = ("health", "gateway", "--endpoint", place.url)
    ran = await vgwm(*ask, *keys, *trust, home=tmp_path, env=env)
    assert ran.code == 0, ran.out + ran.err
    assert "2 pass, 0 warn, 0 fail, 0 unknown" in ran.err
    unsigned = await vgwm(*ask, *trust, home=tmp_path)
    assert unsigned.code == 4, unsigned.out
    assert served.account.secret not in ran.out + ran.err


async def test_every_gateway_of_the_workspace_is_asked(
    place: S3Place, served: RealGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", served.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", served.account.secret)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(place.ca_file))
    bare = served.url.removeprefix("https://")
    ws = Workspace(
        id="9f2c1a7e",
        source=PosixSource(path=tmp_path / "tree"),
        target=DirTarget(path=tmp_path / "out"),
        gateways=(
            Gateway(name="g1", side="blue", address=served.url),
            Gateway(name="g2", side="green", address=bare),
        ),
    )
    found = [answer async for answer in ask_all(probed.probes(ws, Depth.HEALTH))]
    seen = {(answer.endpoint.split()[0], answer.check): answer.verdict for answer in found}
    assert seen["g1", "tls"] is seen["g1", "signed"] is Verdict.PASS
    assert seen["g2", "tls"] is Verdict.PASS  # plain HTTP, on this host only
    assert seen["g2", "signed"] is not Verdict.PASS  # it speaks TLS there
