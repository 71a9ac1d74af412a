"""What a verification asks of its look at the bytes: one Protocol, so that join and bytes part.

The bytes come first, and the join after them: what they found is one side of its merge
(`core.verify.findings.findings`), so that no object is listed as equal whose bytes are not.
May import the rows of the look, and the reins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.engine.reins import Reins
    from core.verify.bytes_told import BytesFigures


class BytesLook(Protocol):
    """Reads what is wished for. Made once a job; a job that is taken up again makes it anew.

    The folder that it is made with keeps cursor and findings: the same seed goes on where it stood.
    """

    @property
    def figures(self) -> BytesFigures:
        """Return what was read so far; at the end, what it came to."""
        ...

    async def run(self, reins: Reins) -> BytesFigures:
        """Read, and return what it came to. Raises JobCancelled: what was read is kept."""
        ...
