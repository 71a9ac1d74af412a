"""The programs that vgwm.yaml names: their arguments are shown, hashed and stored, and no secret.

Pure but for the secrets that this process knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.redact import redact
from core.dag.canonical import dumps
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.schema import Workspace


def programs(workspace: Workspace) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every program with its arguments, by its key in vgwm.yaml."""
    yield "traffic.command", workspace.traffic.command
    for number, gateway in enumerate(workspace.gateways):
        yield f"gateways[{number}].fence", gateway.fence
        yield f"gateways[{number}].open", gateway.open
        yield f"gateways[{number}].state", gateway.state
    writer = workspace.cutover.private_writer
    if writer is not None:
        yield "cutover.private_writer.argv", writer.argv
    yield "cutover.blue.restart", workspace.cutover.blue.restart


def check_programs(workspace: Workspace, where: str) -> None:
    """Raise BadInput for arguments in which a secret stands (I9); it is not shown."""
    for key, argv in programs(workspace):
        told = dumps(list(argv))
        if redact(told) != told or any(redact(word) != word for word in argv):
            raise BadInput(
                what="a program's arguments hold what looks like a secret",
                where=f"{where}, {key}",
                remedy="Let the program read it itself: plans show, hash and store its arguments.",
            )
