"""For every test: what went unproved is told at the end, and no secret outlives its test.

Several processes share the suite by `together`.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from core.config import redact
from tests.together import Together, mixed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

settings.register_profile("vgwm", deadline=None)  # a busy machine is no fault
settings.load_profile("vgwm")

NOT_TESTED = "not tested"
"""The user property of a skipped test: what it needs, a line break, what went unproved."""


class Unproved:
    """Gathers from the reports, which reach it from every process."""

    def __init__(self) -> None:
        self._titles: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, text in report.user_properties:
            if name == NOT_TESTED:
                needs, title = str(text).split("\n", 1)
                titles = self._titles.setdefault(needs, [])
                if title not in titles:
                    titles.append(title)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for needs, titles in self._titles.items():
            terminalreporter.write_line(
                f"NOT TESTED: {'; '.join(titles)} (needs: {needs})", yellow=True, bold=True
            )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Unproved(), "unproved")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together | None:
    return Together(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let no garbage collection go over eight thousand tests that stay: half of what they cost."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files for several processes; one alone runs them as they stand."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        files = mixed(list(dict.fromkeys(_file(item) for item in items)))
        place = {file: at for at, file in enumerate(files)}
        items.sort(key=lambda item: place[_file(item)])


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(autouse=True)
def _secrets_of_its_own() -> Iterator[None]:
    """Forget what a test planted: a short one would be taken out of other tests' words."""
    known = redact._KNOWN  # noqa: SLF001 - a process forgets nothing, so nothing public does it
    before = set(known._spellings)  # noqa: SLF001 - as above
    yield
    known._spellings, known._pattern = before, None  # noqa: SLF001 - as above
