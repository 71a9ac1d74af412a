"""A ground whose target is stand-in nodes under stand-in peers, which count what they receive."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.config.schema import IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef
from core.config.workspace import FILE_NAME, write
from tests.fakes.cluster_server import PASSWORD, USER, FakeCluster
from tests.fakes.kubo_server import FakeKubo

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from core.config.knobs import Knobs
    from tests.integration.engine.ground import Ground

COPIES = 2


class Nodes:
    """Nodes and peers of one target."""

    def __init__(self, count: int) -> None:
        self.kubos = [FakeKubo(number) for number in range(count)]
        self.cluster = FakeCluster(self.kubos)

    def received(self) -> int:
        """Return the bytes of bodies that all nodes have received, as they come."""
        return sum(kubo.server.received for kubo in self.kubos)

    def close(self) -> None:
        self.cluster.close()
        for kubo in self.kubos:
            kubo.close()


@contextmanager
def nodes_under(
    ground: Ground, knobs: Knobs, patch: pytest.MonkeyPatch, *, count: int = 3, table: str = ""
) -> Iterator[Nodes]:
    """Start nodes, and write a workspace that sends `COPIES` copies of each bundle to them.

    table: as vgwm.yaml has it; else a file in the workspace.
    """
    patch.setenv("VGWM_TEST_CLUSTER", PASSWORD)
    nodes = Nodes(count)
    ground.workspace.mkdir(exist_ok=True)
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=ground.source),
            target=IpfsTarget(
                kubo=tuple(kubo.url for kubo in nodes.kubos),
                cluster=tuple(peer.url for peer in nodes.cluster.peers),
                cluster_user=USER,
                cluster_password_ref=SecretRef.parse("env:VGWM_TEST_CLUSTER"),
                replication=COPIES,
                table=table or f"sqlite:{ground.workspace / 'objects.db'}",
            ),
            knobs=knobs,
        ),
    )
    try:
        yield nodes
    finally:
        nodes.close()
