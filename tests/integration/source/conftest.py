"""Trees for the source's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.source.tree import HandTree, Mode

if TYPE_CHECKING:
    from pathlib import Path


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
