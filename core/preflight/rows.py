"""The rows of an assessment, in the order of its table: guide.md 7, and what the checklist adds.

May import the verdicts and the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from core.config.schema import IpfsTarget
from core.verdict import Component

if TYPE_CHECKING:
    from core.config.schema import Workspace


class From(Enum):
    """Where a row's answer comes from."""

    FACTS = "facts"  # asked here: of the host, the workspace, a few calls
    WALK = "walk"  # of the one walk of the source
    SIZE = "size"  # of what it found, or of what was known of that before
    PROBES = "probes"  # the worst of the probes' answers
    NOTE = "note"  # somebody's word: no machine can answer it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row. id: what `--only`, `--ack` and `--note` name. ipfs: only for nodes as a target.

    probed: the components whose probes answer it.
    """

    id: str
    component: Component
    come: From
    title: str
    ipfs: bool = False
    probed: tuple[Component, ...] = ()


_HOST: Final = Component.HOST

ROWS: Final = (
    Row(id="source", component=Component.SOURCE, come=From.FACTS, title="source root"),
    Row(id="inventory", component=Component.SOURCE, come=From.WALK, title="inventory"),
    Row(id="read", component=Component.SOURCE, come=From.WALK, title="read, attributes"),
    Row(
        id="versions",
        component=Component.SOURCE,
        come=From.WALK,
        title="versions, markers, locks, open uploads",
    ),
    Row(id="keys", component=Component.SOURCE, come=From.WALK, title="keys, files"),
    Row(id="atime", component=Component.SOURCE, come=From.SIZE, title="access times"),
    Row(id="host", component=_HOST, come=From.FACTS, title="host"),
    Row(id="workspace", component=_HOST, come=From.SIZE, title="workspace disk"),
    Row(
        id="clock",
        component=_HOST,
        come=From.PROBES,
        title="clock skew",
        ipfs=True,
        probed=(_HOST,),
    ),
    Row(
        id="cluster",
        component=Component.CLUSTER,
        come=From.PROBES,
        title="cluster",
        ipfs=True,
        probed=(Component.CLUSTER,),
    ),
    Row(id="capacity", component=Component.KUBO, come=From.SIZE, title="capacity", ipfs=True),
    Row(
        id="kubo",
        component=Component.KUBO,
        come=From.PROBES,
        title="Kubo",
        ipfs=True,
        probed=(Component.KUBO,),
    ),
    Row(
        id="ydb",
        component=Component.METADATA,
        come=From.PROBES,
        title="object table",
        probed=(Component.METADATA,),
    ),
    Row(
        id="redis",
        component=Component.CACHE,
        come=From.PROBES,
        title="cache",
        ipfs=True,
        probed=(Component.CACHE,),
    ),
    Row(
        id="network",
        component=Component.NETWORK,
        come=From.PROBES,
        title="network",
        ipfs=True,
        probed=(Component.NETWORK,),
    ),
    Row(
        id="gateway",
        component=Component.GATEWAY,
        come=From.PROBES,
        title="gateways",
        probed=(Component.GATEWAY,),
    ),
    Row(
        id="lb",
        component=Component.LB,
        come=From.PROBES,
        title="load balancers",
        probed=(Component.LB,),
    ),
    Row(id="docker", component=_HOST, come=From.FACTS, title="docker, compose", ipfs=True),
    Row(id="backups", component=_HOST, come=From.FACTS, title="backups"),
    Row(id="security", component=_HOST, come=From.FACTS, title="security"),
    Row(id="baseline", component=Component.GATEWAY, come=From.NOTE, title="baseline measured"),
    Row(id="applications", component=_HOST, come=From.NOTE, title="client applications listed"),
    Row(id="windows", component=_HOST, come=From.NOTE, title="maintenance windows agreed"),
    Row(id="stakeholders", component=_HOST, come=From.NOTE, title="owners and users told"),
    Row(id="criteria", component=_HOST, come=From.NOTE, title="criteria of a rollback written"),
)


def rows(workspace: Workspace) -> tuple[Row, ...]:
    """Return the rows that this migration has: a folder as a target has no nodes to ask."""
    target = workspace.target
    nodes = isinstance(target, IpfsTarget)
    absent = set() if nodes else {row.id for row in ROWS if row.ipfs}
    if isinstance(target, IpfsTarget) and target.cache is None:
        absent.add("redis")
    if not workspace.gateways:
        absent.add("gateway")
    return tuple(row for row in ROWS if row.id not in absent)
