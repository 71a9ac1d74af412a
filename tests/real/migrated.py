"""One migration of a real tree, and everything that is compared afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests.lab import target
from tests.lab.stamps import make_old, stamps
from tests.lab.target import Fetcher
from tests.lab.vgwm import Vgwm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.stack import Stack
    from tests.lab.stamps import Stamp
    from tests.lab.target import Line, Row
    from tests.lab.tree.grow import GatewayTree
    from tests.lab.tree.told import ObjectTold
    from tests.lab.vgwm import Ran

PASSWORD = "LAB_CLUSTER_PASSWORD"  # noqa: S105 - the variable's name
REPLICATION = 2


@dataclass(frozen=True)
class Migrated:
    """init, plan and copy are done. before: the source's stamps; atimes: whether they are kept."""

    tree: GatewayTree
    stack: Stack
    vgwm: Vgwm
    table: Path
    plan: Ran
    copy: Ran
    before: dict[Path, dict[bytes, Stamp]]
    atimes: bool

    @cached_property
    def workspace_id(self) -> str:
        return str(self.plan.result()["id"])

    @cached_property
    def rows(self) -> dict[tuple[str, str], Row]:
        return {(row.bucket, row.key): row for row in target.rows(self.table)}

    @cached_property
    def told(self) -> dict[tuple[str, str], ObjectTold]:
        """What S3 said of each current object."""
        return {(o.bucket, o.key): o for o in self.tree.told.current()}

    @cached_property
    def pins(self) -> dict[str, list[str]]:
        """Our bundles' roots, with the peers that each is allocated to."""
        peer = self.stack.peers[0]
        mine = peer.names()
        prefix = f"vgwm-{self.workspace_id}-"
        return {r: p for r, p in peer.allocations().items() if mine[r].startswith(prefix)}

    @cached_property
    def lines(self) -> list[Line]:
        """Every bundle's manifest, read from the first node that it is allocated to."""
        lines: list[Line] = []
        for root, peers in self.pins.items():
            with Fetcher(self.stack.peer(peers[0]).kubo) as fetcher:
                lines += target.lines(root, fetcher.cat(f"{root}/manifest"))
        return lines

    @classmethod
    def make(cls, tree: GatewayTree, stack: Stack, folder: Path) -> Migrated:
        """Run the main job to its end, with an SQLite table."""
        atimes = [make_old(f) for f in tree.folders()]
        before = {f: stamps(f) for f in tree.folders()}
        table = folder / "objects.db"
        vgwm = Vgwm(folder / "ws", {PASSWORD: stack.password})
        vgwm.run("init", *tree.init_words, *stack_words(stack), "--table", f"sqlite:{table}")
        return cls(
            tree=tree,
            stack=stack,
            vgwm=vgwm,
            table=table,
            plan=vgwm.run("--json", "plan"),
            copy=vgwm.run("--json", "copy"),
            before=before,
            atimes=all(atimes),
        )


def stack_words(stack: Stack) -> list[str]:
    """Return the options by which `vgwm init` is told of this target."""
    words = ["--target", "ipfs", "--replication", str(REPLICATION)]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    return words


def said(metadata: dict[str, object]) -> dict[str, object]:
    """Return the members of a metadata document that S3 can be asked for."""
    ours = {"mtime_ns", "owner", "pin", "vgwm", "v"}
    return {name: value for name, value in metadata.items() if name not in ours}
