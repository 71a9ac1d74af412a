"""The clock against servers whose Date is right, shifted, or absent."""

from __future__ import annotations

import time

import pytest

from core.config.workspace import parse
from core.probe import clock
from core.probe.probe import Depth, ask_one
from core.verdict import Verdict
from tests.integration.probe.test_network import Web, serving
from tests.unit.probe.test_clock import date


def workspace_text(url: str) -> str:
    return (
        'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'
        f'target: {{type: ipfs, kubo: ["{url}"], cluster: ["{url}/c"], table: "sqlite:/t"}}\n'
    )


@pytest.mark.parametrize(
    ("shift_s", "verdict"),
    [(0.0, Verdict.PASS), (-30.0, Verdict.WARN), (30.0, Verdict.WARN), (3600.0, Verdict.FAIL)],
)
async def test_this_hosts_clock_shifted_is_seen(shift_s: float, verdict: Verdict) -> None:
    at_s = time.time()
    web = Web(f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: {date(at_s)}")
    async with serving(web=web) as endpoint:
        probes = clock.probes(
            parse(workspace_text(endpoint.url)), Depth.HEALTH, now=lambda: at_s + shift_s
        )
        answers = [await ask_one(probe) for probe in probes]
    assert [one.verdict for one in answers] == [verdict, verdict]


async def test_i7_a_server_that_names_no_time_is_unknown() -> None:
    async with serving() as endpoint:
        probe = clock.probes(parse(workspace_text(endpoint.url)), Depth.HEALTH)[0]
        answer = await ask_one(probe)
    assert (answer.verdict, answer.evidence) == (Verdict.UNKNOWN, "the server names no time")


async def test_a_check_looks_across_the_edge_of_a_second() -> None:
    """A server 1.5 s ahead: one look may miss it, five looks name a difference over 1 s."""

    class Ahead(Web):
        @property
        def head(self) -> str:  # read anew for each answer
            return f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: {date(time.time() + 1.5)}"

        @head.setter
        def head(self, value: str) -> None:
            pass

    async with serving(web=Ahead()) as endpoint:
        probe = clock.probes(parse(workspace_text(endpoint.url)), Depth.CHECK)[0]
        answer = await ask_one(probe)
    assert answer.verdict is Verdict.WARN, answer.evidence
