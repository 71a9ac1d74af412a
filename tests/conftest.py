"""What a run could not prove, told at its end; also when processes of their own ran the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

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
