"""How a recorded bundle is brought back to what the ledger says of it: one Protocol, two targets.

May import the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from core.ledger.checking import KeptBundle
    from core.model import Bundle


class Mended(NamedTuple):
    """What became of a bundle. did: what was done, "" where nothing was wrong any more.

    left: why it is not whole, "" where it is. moved: no copy gives it back, and the source gives
    another one: its objects can only be carried again.
    """

    did: str = ""
    left: str = ""
    moved: bool = False


class BundleMender(Protocol):
    """Mends bundles of one target, each by itself; harmless to repeat."""

    async def mend(self, bundle: Bundle, kept: KeptBundle) -> Mended:
        """Bring back what the bundle lacks. Raises what the target or the source says."""
        ...

    async def suspect(self, place: str) -> None:
        """Take note that bytes read at this node are not what they should be.

        What is corrupt there is dropped, so that it can be sent again. Once a node.
        """
        ...

    async def unpin(self, root: str) -> Mended:
        """Remove an orphan pin, or file, that an operator named, if it is ours."""
        ...
