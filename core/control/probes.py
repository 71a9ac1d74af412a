"""`health` and `check`: the registry's questions, asked all at once, answered as they come.

The registry itself stands in `core.probe.registry`, where the engine's assessment finds it, too.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.config.secret import SecretRef
from core.config.units import parse_duration
from core.config.workspace import FILE_NAME, load
from core.control.wire.probes import ProbeRow
from core.display import safe
from core.errors import BadInput
from core.probe import bandwidth, gateway
from core.probe.probe import Depth, Probe, ask_all
from core.probe.registry import probes
from core.probe.s3 import S3Login, S3Place, checked_url
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.verdict import Answer

Questions = list[Probe]
"""What will be asked; nothing is until it is handed to `rows`."""

_LONGEST_S: Final = 600
_IPFS: Final = (Component.CLUSTER, Component.KUBO)
GROUPS: Final[dict[str, tuple[Component, ...]]] = {
    "all": (),
    "ipfs": _IPFS,
    "cluster": _IPFS,
    "kubo": (Component.KUBO,),
    "metadata": (Component.METADATA,),
    "cache": (Component.CACHE,),
    "gateway": (Component.GATEWAY,),
    "network": (Component.NETWORK,),
    "lb": (Component.LB,),
    "host": (Component.HOST,),
}
"""What an operator names, and the components that it means; all: none of them is left out."""


def health(folder: Path, group: str) -> Questions:
    """Return the read-only questions about a group. Raises BadInput if there is nothing to ask."""
    return _of(folder, group, Depth.HEALTH)


def check(folder: Path, group: str, *, bandwidth_s: float = 0.0) -> Questions:
    """Return the deep questions about a group; bandwidth_s: how long to measure each node's way."""
    found = _of(folder, group, Depth.CHECK)
    if bandwidth_s:
        found += bandwidth.probes(load(folder / FILE_NAME), bandwidth_s)
    return found


def endpoint(
    *,
    endpoint: str | None,
    access_key_env: str | None,
    secret_key_ref: str | None,
    ca_file: Path | None,
) -> Questions:
    """Return the read-only questions to a gateway by its URL, of no workspace.

    access_key_env: a variable's name; secret_key_ref: as in vgwm.yaml; None: those of the AWS
    tools. Raises BadInput.
    """
    names = {} if access_key_env is None else {"access_key_ref": f"env:{access_key_env}"}
    if secret_key_ref is not None:
        names["secret_ref"] = secret_key_ref
    login = S3Login(**{name: SecretRef.parse(text) for name, text in names.items()})
    place = S3Place(name="gateway", url=checked_url(endpoint or ""), login=login, ca_file=ca_file)
    return gateway.place_probes(place, Depth.HEALTH)


def seconds(text: str) -> float:
    """Return how long to measure: 1 to 600 s. Raises BadInput, also for a time without a unit."""
    found = parse_duration(text)
    if not 1 <= found <= _LONGEST_S:
        raise BadInput(
            what=f"{safe(text)} is no time to measure for",
            where="--bandwidth",
            remedy="Name 1s to 600s.",
        )
    return found


def _of(folder: Path, group: str, depth: Depth) -> Questions:
    components = GROUPS[group]
    every = probes(load(folder / FILE_NAME), depth, folder=folder)
    found = [one for one in every if not components or one.component in components]
    if not found:
        raise BadInput(
            what=f"there is nothing to ask: the workspace names no {group}",
            where=FILE_NAME,
            remedy="Name it in vgwm.yaml, or ask for all.",
        )
    return found


@dataclass(slots=True)
class Tally:
    """How many answers there were of each verdict."""

    of: Counter[Verdict] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        """1: something failed. 4: nothing did, yet something is unknown, which is no pass (I7)."""
        if self.of[Verdict.FAIL]:
            return 1
        return 4 if self.of[Verdict.UNKNOWN] else 0

    @property
    def text(self) -> str:
        """Return `41 pass, 1 warn, 0 fail, 0 unknown`."""
        return ", ".join(f"{self.of[verdict]} {verdict}" for verdict in Verdict)


def bound_lookups() -> None:
    """Let names resolve or fail within a second, where nobody has set that otherwise.

    A question's limit ends its waiting, not the C library's look-up in its thread: a name server
    that is silent would hold the process for its 10 s. Read at the first look-up of the process.
    """
    os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")


async def rows(asked: Questions, tally: Tally) -> AsyncIterator[ProbeRow]:
    """Yield the answers as they come, and count them."""
    # each question may look a name up: six threads, the default of two cores, would be a queue
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(asked) + 1))
    async for answer in ask_all(asked):
        tally.of[answer.verdict] += 1
        yield _row(answer)


def _row(answer: Answer) -> ProbeRow:
    return ProbeRow(
        component=answer.component,
        check=answer.check,
        endpoint=answer.endpoint,
        state=answer.verdict,
        evidence=answer.evidence,
        remedy=answer.remedy,
        measured_ns=answer.at_ns,
        age_s=max(0.0, (time.time_ns() - answer.at_ns) / 1e9),
        took_s=round(answer.took_s, 4),
    )
