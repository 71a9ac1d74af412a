"""What a report asks: versions of real nodes and peers, and a login at a real gateway over TLS."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Gateway, Workspace
from core.config.workspace import parse
from core.control.report.asked import ask
from core.control.report.security import encryption, logins
from core.model import NS_PER_S
from tests.lab.authority import Authority
from tests.lab.gateway import Gateway as RealGateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(
    tools: Tools, authority: Authority, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealGateway]:
    made = RealGateway(
        "gateway-report",
        tools.path("versitygw"),
        tmp_path_factory.mktemp("green"),
        with_sidecar=False,
        tls=authority.issue("gateway"),
    )
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.fixture
def workspace(
    stack: Stack,
    served: RealGateway,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:
    """A workspace over the stack, with the gateway as green; its keys are in the environment."""
    (tmp_path / "pw").write_text(stack.password)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", served.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", served.account.secret)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    made = parse(
        f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {tmp_path}/gw}}\n'
        f"target: {{type: ipfs, kubo: {stack.kubo_urls}, cluster: {stack.cluster_urls}, "
        f'cluster_user: {stack.user}, cluster_password_ref: "file:{tmp_path}/pw", '
        f'table: "sqlite:{tmp_path}/t.db"}}\n'
        f"gateways:\n- {{name: g1, side: green, address: '{served.url}'}}\n"
        "- {name: g0, side: blue, address: 'http://127.0.0.1:9'}\n"
    )
    assert all(isinstance(one, Gateway) for one in made.gateways)
    return made


async def test_versions_come_from_the_servers_and_the_login_from_the_green_gateway(
    workspace: Workspace, stack: Stack
) -> None:
    asked = await ask(workspace)
    told = Counter((one.component, one.state) for one in asked.versions)
    assert told["kubo", "pass"] == told["cluster", "pass"] == len(stack.peers)
    assert told["gateway", "unknown"] == 1, "a gateway does not tell it"
    assert {one.component for one in asked.versions} == {"kubo", "cluster", "metadata", "gateway"}
    assert all(one.text[0].isdigit() for one in asked.versions if one.component == "kubo")
    login, way = logins(asked.gateways), encryption(asked.gateways)
    assert (login.state, way.state) == ("pass", "pass"), (login.evidence, way.evidence)
    assert "a wrong secret is refused" in login.evidence
    assert "g0" not in login.evidence + way.evidence, "the blue side is not asked"
    assert login.measured_ns is not None
    assert login.measured_ns > NS_PER_S


async def test_wrong_keys_fail_the_login_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wr0ng-secret-planted")
    asked = await ask(workspace)
    login = logins(asked.gateways)
    assert (login.state, encryption(asked.gateways).state) == ("fail", "pass")
    assert "signed at g1" in login.evidence
    assert "wr0ng-secret-planted" not in str(asked)
