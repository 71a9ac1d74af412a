"""Trees for the assessment's tests, by hand, in each metadata mode."""

from __future__ import annotations

from tests.integration.source.conftest import tree, xattr_tree

__all__ = ["tree", "xattr_tree"]
