"""Trees for the source's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.s3_endpoint import S3Endpoint
from tests.integration.source.tree import HandTree, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fakes.s3_endpoint import Asked, Say


@pytest.fixture(params=["xattr", "sidecar"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> HandTree:
    """Return an empty tree, in each metadata mode."""
    mode: Mode = request.param
    return HandTree(tmp_path, mode).make()


@pytest.fixture
def xattr_tree(tmp_path: Path) -> HandTree:
    """Return an empty tree in xattr mode."""
    return HandTree(tmp_path, "xattr").make()


@pytest.fixture
def sidecar_tree(tmp_path: Path) -> HandTree:
    """Return an empty tree in sidecar mode."""
    return HandTree(tmp_path, "sidecar").make()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Say]], S3Endpoint]]:
    """Start a stand-in endpoint that says this; it ends with the test."""
    started: list[S3Endpoint] = []

    def start(says: Callable[[Asked], Say]) -> S3Endpoint:
        started.append(S3Endpoint(says))
        return started[-1]

    yield start
    for one in started:
        one.close()
