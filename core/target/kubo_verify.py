"""A Kubo node's own check of what it stores: the one call that removes corrupt blocks.

No import heals a corrupt block: the node believes that it holds it. Source: ipfs.md 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from core.target.control_http import ControlHttp
from core.target.kubo_answers import HTTP_OK, Answer, kubo_error, unreachable

if TYPE_CHECKING:
    from core.target.kubo import KuboClient

IDLE_S: Final = 600.0
"""It says a line a block, but reads long between two of them on a slow disk."""

_ROUTE: Final = "/api/v0/repo/verify"


class _Line(msgspec.Struct):
    Msg: str = ""
    Progress: int = 0


async def drop_corrupt(kubo: KuboClient) -> int:
    """Have a node hash all that it stores and drop what is corrupt; return how many blocks.

    Reads every block of the repository. Raises NodeUnreachable, NodeBusy, Denied.
    """
    http = ControlHttp(kubo.name, kubo.url)
    where = http.where("POST", _ROUTE)
    try:
        stream = http.stream("POST", _ROUTE, {"drop": "true"}, limit_s=IDLE_S)
        async with stream as answer:
            if answer.status != HTTP_OK:
                told = Answer(answer.status, "", await answer.read())
                raise kubo_error(told, where=where, node=kubo.name)
            dropped = 0
            async for line in answer.content:
                dropped += _corrupt(line, where, kubo.name)
            return dropped
    finally:
        await http.close()


def _corrupt(line: bytes, where: str, node: str) -> int:
    if not line.strip():
        return 0
    try:
        told = msgspec.json.decode(line, type=_Line)
    except msgspec.DecodeError as error:
        raise unreachable(error, where=where, node=node) from error
    return int("was corrupt" in told.Msg)
