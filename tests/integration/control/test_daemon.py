"""Starting an engine: what the one who started it hears."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from core.control.daemon import start_engine
from core.errors import EngineDown

if TYPE_CHECKING:
    from pathlib import Path


# The child is left on its own, as an engine that outlives the command is.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_dies_without_a_word_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # nobody else holds the workspace: waiting for another engine would last the whole timeout
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineDown, match="ended while it started"):
        start_engine(tmp_path)
