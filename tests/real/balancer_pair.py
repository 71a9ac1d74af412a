"""Two real load balancers over two stand-ins that journal each write."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.config.workspace import parse
from core.cutover.balancers import balancers
from core.cutover.fleet import Fleet, Way
from core.cutover.mode import Mode, Side
from tests.lab.haproxy import Haproxy
from tests.lab.process import Keeper
from tests.lab.sides import StandIn
from tests.lab.web import Api

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.cutover.balancer import Balancer
    from core.cutover.reading import Trouble

BLUE = Way(writer=Side.BLUE)
GREEN = Way(writer=Side.GREEN)


def way(back: Mode, writer: Side = Side.BLUE) -> Way:
    return Way(writer=writer, back=back)


@dataclass(slots=True)
class Pair:
    """Two load balancers over two sides, and the fleet that vgwm makes of them."""

    keeper: Keeper
    lbs: tuple[Haproxy, Haproxy]
    blue: StandIn
    green: StandIn
    said: list[tuple[float, Trouble]] = field(default_factory=list)

    def workspace_text(self, id_: str = "9f2c1a7e") -> str:
        entries = ", ".join(lb.entry for lb in self.lbs)
        return (
            f'v: 1\nid: "{id_}"\nsource: {{type: posix, path: /data/gw}}\n'
            f"target: {{type: dir, path: /out}}\ntraffic: {{haproxy: [{entries}]}}\n"
        )

    def fleet(self, made: Sequence[Balancer] = ()) -> Fleet:
        return Fleet(
            made or balancers(parse(self.workspace_text())),
            say=lambda trouble: self.said.append((time.monotonic(), trouble)),
        )

    def put(self, i: int, path: str = "/photos/a") -> int:
        return Api(self.lbs[i].url).ask("PUT", path, b"x").status

    def get(self, i: int, path: str = "/photos/a") -> str:
        return Api(self.lbs[i].url).get(path).body.decode()


@contextmanager
def paired(folder: Path) -> Iterator[Pair]:
    """Start both, each with its own map; they end with the context."""
    with ExitStack() as stack:
        blue, green = (stack.enter_context(StandIn(name)) for name in ("blue", "green"))
        keeper = stack.enter_context(Keeper())
        first, second = (
            Haproxy(f"lb-{i}", folder / str(i), blue=blue.address, green=green.address)
            for i in (1, 2)
        )
        for lb in (first, second):
            lb.start(keeper)
        yield Pair(keeper, (first, second), blue, green)


async def at(fleet: Fleet, mode: Mode, buckets: Sequence[str] = ()) -> None:
    """Bring all to a mode, step by step from blue."""
    for step in list(Mode)[1 : list(Mode).index(mode) + 1]:
        moved = await fleet.reach(buckets, step, "1", GREEN if step.writes else way(Mode.BLUE))
        assert moved.reached, moved.why
