"""Imports, pins and their failures on real Kubo and IPFS-Cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.target.control_http import Login
from tests.fakes.ipfs_contract import IpfsContract, Site, sink  # noqa: F401 - a fixture
from tests.lab.stack import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.stack import Stack


@pytest.fixture(scope="module")
def site(make_stack: Callable[[Shape], Stack]) -> Iterator[Site]:
    stack = make_stack(Shape(extra={"CLUSTER_IPFSHTTP_PINTIMEOUT": "2s"}))
    yield Site(stack.kubo_urls, stack.cluster_urls, Login(stack.user, stack.password))
    stack.close()  # six servers at rest take their share of all tests that follow


class TestRealServers(IpfsContract):
    """Runs the shared tests on the laboratory's servers."""
