"""Which hints a workspace asks for. May import the configuration and the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BadInput
from core.source.access_log import AccessLogs
from core.source.posix.config import PosixConfig
from core.source.posix.tree_events import TreeEvents

if TYPE_CHECKING:
    from core.config.schema import Cutover
    from core.source.chosen import SourceConfig
    from core.source.hints import Hints


def open_hints(cutover: Cutover, source: SourceConfig) -> Hints | None:
    """Return where names come from, not begun; None where none are asked for.

    Raises BadInput where nobody could name anything.
    """
    if cutover.hints == "off":
        return None
    if not isinstance(source, PosixConfig):
        raise BadInput(
            what="only objects of a gateway's tree are looked at by their names",
            where="cutover.hints",
            remedy="Leave it out: rounds list an endpoint anew.",
        )
    if cutover.hints == "fanotify":
        return TreeEvents(source)
    if not cutover.access_logs:
        raise BadInput(
            what="no access log is named",
            where="cutover.access_logs",
            remedy="Name the log of each of blue's gateways.",
        )
    return AccessLogs(cutover.access_logs)
