"""Whether the five lists that a proof counts are still on disk, and as long as it says.

May import the verification's lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.control.wire.report import ReportLists
from core.errors import VgwmError, WrongState
from core.verify.difference import Listed
from core.verify.list_files import ListTold
from core.verify.list_pages import ListPages

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire import verify as wire_verify

THERE: Final = "there"
GONE: Final = "gone"
OTHER: Final = "other"


def lists_of(folder: Path, proof: wire_verify.Proof) -> ReportLists:
    """Look at the contents of a proof's lists. folder: the workspace's."""
    return ReportLists(job=proof.job, state=_state(folder, proof))


def _state(folder: Path, proof: wire_verify.Proof) -> str:
    try:
        held = ListPages().contents(folder / proof.folder).lists
    except WrongState:
        return GONE
    except VgwmError:
        return OTHER
    same = all(held.get(Listed(one.name), ListTold()).rows == one.rows for one in proof.lists)
    return THERE if same else OTHER
