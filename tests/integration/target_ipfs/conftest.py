"""Fixtures: three stand-in nodes under three stand-in peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.target.control_http import Login
from tests.fakes.cluster_server import PASSWORD, USER, FakeCluster
from tests.fakes.ipfs_contract import Site, sink  # noqa: F401 - a fixture
from tests.fakes.kubo_server import FakeKubo

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def kubos() -> Iterator[list[FakeKubo]]:
    nodes = [FakeKubo(i) for i in range(3)]
    yield nodes
    for node in nodes:
        node.close()


@pytest.fixture
def cluster(kubos: list[FakeKubo]) -> Iterator[FakeCluster]:
    cluster = FakeCluster(kubos)
    yield cluster
    cluster.close()


@pytest.fixture
def site(kubos: list[FakeKubo], cluster: FakeCluster) -> Site:
    return Site([k.url for k in kubos], [p.url for p in cluster.peers], Login(USER, PASSWORD))
