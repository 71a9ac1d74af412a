"""How many answers a side's servers gave, and how many were errors, by HAProxy's counters."""

from __future__ import annotations

import asyncio
import csv
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.mode import Side
from core.display import safe
from core.errors import Broken, NoAnswer, VgwmError
from core.probe.haproxy_socket import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Haproxy

_LIMIT_S: Final = 2.0


class Served(NamedTuple):
    """Counters of a side's backends over all load balancers; they grow until one restarts.

    why: who did not tell, safe to show; "" if all did. Else nothing is known (I7).
    """

    at_ns: int
    requests: int
    errors: int
    why: str = ""


async def served(balancers: Sequence[Haproxy], side: Side = Side.GREEN) -> Served:
    """Ask each HAProxy what a side's servers have answered since it started."""
    at_ns = time.time_ns()
    told = await asyncio.gather(*(_of(one, side) for one in balancers))
    whys = [one for one in told if isinstance(one, str)]
    if whys or not told:
        return Served(at_ns, 0, 0, "; ".join(whys) or "no HAProxy is named")
    counts = [one for one in told if not isinstance(one, str)]
    return Served(at_ns, sum(one[0] for one in counts), sum(one[1] for one in counts))


async def _of(balancer: Haproxy, side: Side) -> tuple[int, int] | str:
    """Return one's counters, or why there are none."""
    name = safe(balancer.name)
    try:
        async with asyncio.timeout(_LIMIT_S):
            told = await ask(name, balancer.socket, "show stat")
        return counted(told, side, name)
    except TimeoutError:
        return f"{name} did not answer within {_LIMIT_S:.0f} s"
    except VgwmError as error:
        return error.what


def counted(told: str, side: Side, name: str) -> tuple[int, int]:
    """Return (answers, answers 5xx) of a side's two backends in `show stat`.

    Raises NoAnswer where such a backend is missing, Broken where a counter is no number.
    """
    rows = csv.DictReader(told.removeprefix("# ").splitlines())
    wanted = {f"{side}_r", f"{side}_w"}
    found = {row["pxname"]: row for row in rows if row.get("svname") == "BACKEND"}
    if not wanted <= found.keys():
        raise NoAnswer(
            what=f"{name} does not count {' and '.join(sorted(wanted - found.keys()))}",
            where=f"admin socket of {name}",
            remedy="Name its backends as docs/traffic.md has them.",
        )
    try:
        requests = sum(int(found[one]["req_tot"]) for one in wanted)
        errors = sum(int(found[one]["hrsp_5xx"]) for one in wanted)
    except (KeyError, ValueError) as error:
        raise Broken(
            what=f"{name} tells its counters otherwise than HAProxy 2.6",
            where=f"admin socket of {name}",
            remedy="Report which version of HAProxy it is.",
        ) from error
    return requests, errors
