"""What a report asks of servers: their versions, and how the target's gateways answer.

Read-only, all at once, each within `LIMIT_S`. What does not answer is unknown (I7).
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.references import references
from core.control.probes import bound_lookups
from core.control.report.security import Gateways
from core.control.wire.report import ReportVersion
from core.display import safe
from core.errors import VgwmError
from core.probe import cluster, gateway, kubo, metadata
from core.probe.probe import Depth, ask_all
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.probe.probe import Probe
    from core.probe.s3 import S3Place
    from core.verdict import Answer

LIMIT_S: Final = 3.0
_NO_WORD: Final = "a gateway does not tell its version over S3"
_VERSIONS: Final = {
    Component.KUBO: "kubo",
    Component.CLUSTER: "peer",
    Component.METADATA: "version",
}
"""The check of each component whose evidence begins with a version."""


class Asked(NamedTuple):
    """What came of it, in the order of component and endpoint."""

    versions: tuple[ReportVersion, ...]
    gateways: Gateways


def unasked(workspace: Workspace) -> Asked:
    """Return what is known without asking anybody."""
    return Asked((), Gateways(asked=False, named=bool(_green(workspace))))


async def ask(workspace: Workspace) -> Asked:
    """Ask all of them."""
    bound_lookups()
    green = _green(workspace)
    questions = [
        *_versions(workspace),
        *(one for place in green for one in gateway.place_probes(place, Depth.CHECK)),
    ]
    loop = asyncio.get_running_loop()
    # each question may look a name up: six threads, the default of two cores, would be a queue
    loop.set_default_executor(ThreadPoolExecutor(len(questions) + 1))
    limited = [replace(one, limit_s=LIMIT_S) for one in questions]
    answers = [answer async for answer in ask_all(limited)]
    answers.sort(key=lambda one: (one.component, one.endpoint, one.check))
    of_gateways = [one for one in answers if one.component is Component.GATEWAY]
    told = [_version(one) for one in answers if one.component is not Component.GATEWAY]
    told += [_silent(one) for one in green]
    return Asked(tuple(told), Gateways(asked=True, named=bool(green), answers=tuple(of_gateways)))


def remember_secrets(workspace: Workspace) -> None:
    """Read every secret that the workspace names, so that none passes in whatever is written (I9).

    One that is not there cannot be given away either.
    """
    for one in references(workspace):
        with suppress(VgwmError):
            one.ref.resolve()


def _green(workspace: Workspace) -> list[S3Place]:
    return [one for one in gateway.places(workspace) if not one.is_source]


def _versions(workspace: Workspace) -> list[Probe]:
    found = [
        *kubo.probes(workspace, Depth.HEALTH),
        *cluster.probes(workspace, Depth.HEALTH),
        *metadata.probes(workspace, Depth.CHECK),
    ]
    return [one for one in found if _VERSIONS[one.component] == one.check]


def _version(answer: Answer) -> ReportVersion:
    return ReportVersion(
        component=answer.component,
        endpoint=safe(answer.endpoint),
        text=safe(answer.evidence),
        state=answer.verdict,
        measured_ns=answer.at_ns,
    )


def _silent(place: S3Place) -> ReportVersion:
    return ReportVersion(
        component=Component.GATEWAY,
        endpoint=f"{place.name} {safe(place.url)}",
        text=_NO_WORD,
        state=Verdict.UNKNOWN,
        measured_ns=time.time_ns(),
    )
