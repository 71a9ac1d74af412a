"""A real HAProxy's admin socket: steerable, of too low a level, without our map, not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.config.workspace import parse
from core.probe import lb
from core.probe.probe import Depth, ask_all
from core.verdict import Verdict
from tests.lab import debian, ports
from tests.lab.process import Keeper, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.verdict import Answer


class Balancer(NamedTuple):
    """A running HAProxy. folder: short, since a socket's path is."""

    folder: Path
    server: Server

    async def ask(self, *, map_name: str = "side.map", socket: str = "admin.sock") -> Answer:
        text = (
            'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /data/gw}\n'
            "target: {type: dir, path: /out}\n"
            f"traffic: {{haproxy: [{{name: lb1, socket: {self.folder}/{socket}, "
            f"map: {self.folder}/{map_name}, config: {self.folder}/haproxy.cfg}}]}}\n"
        )
        asked = lb.probes(parse(text), Depth.HEALTH)
        (answer,) = [one async for one in ask_all(asked)]
        return answer


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Callable[[str], Balancer]]:
    with Keeper() as keeper:

        def start(level: str) -> Balancer:
            (tmp_path / "side.map").write_text("default blue\n")
            (tmp_path / "haproxy.cfg").write_text(
                f"global\n  stats socket {tmp_path}/admin.sock mode 600 level {level}\n"
                "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n"
                "  timeout server 1s\n"
                f"frontend s3\n  bind 127.0.0.1:{ports.free(1)[0]}\n"
                f"  use_backend %[str(default),map({tmp_path}/side.map,blue)]\n"
                "backend blue\n  server one 127.0.0.1:9\n"
            )
            server = Server(
                "haproxy",
                [debian.find("haproxy"), "-db", "-f", str(tmp_path / "haproxy.cfg")],
                folder=tmp_path,
                environment={},
            )
            keeper.start(server)
            server.wait_for("its admin socket", (tmp_path / "admin.sock").exists)
            return Balancer(tmp_path, server)

        yield start


async def test_a_balancer_with_an_admin_socket_and_our_map_passes(
    haproxy: Callable[[str], Balancer],
) -> None:
    balancer = haproxy("admin")
    answer = await balancer.ask()
    assert answer.verdict is Verdict.PASS, answer.evidence
    assert answer.evidence.startswith("HAProxy ")
    other = await balancer.ask(map_name="other.map")
    assert (other.verdict, "is no map of its" in other.evidence) == (Verdict.WARN, True)


async def test_a_socket_of_a_lower_level_fails(haproxy: Callable[[str], Balancer]) -> None:
    answer = await haproxy("operator").ask()
    assert answer.verdict is Verdict.FAIL
    assert "level operator" in answer.evidence
    assert "level admin" in answer.remedy


async def test_i7_a_balancer_that_died_or_hangs_is_unknown(
    haproxy: Callable[[str], Balancer],
) -> None:
    balancer = haproxy("admin")
    balancer.server.stop()
    hung = await balancer.ask()
    assert (hung.verdict, hung.evidence) == (Verdict.UNKNOWN, "no answer in 1.6 s")
    balancer.server.kill()
    assert (await balancer.ask()).verdict is Verdict.UNKNOWN
    missing = await balancer.ask(socket="none.sock")
    assert missing.verdict is Verdict.UNKNOWN
    assert "stats socket" in missing.remedy
