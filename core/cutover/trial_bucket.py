"""Where green is tried before a big bang: in a bucket of ours, for none of blue's is there yet.

    trial = await begun(asker, door, bucket, mark)
    ...                                                  # in trial.bucket
    left = await ended(asker, door, trial)

A big bang copies under its fence, and a green that takes no write must be known before. One of ours
that a killed engine left is taken again, and removed, the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.signing import Call
from core.errors import NoAnswer

if TYPE_CHECKING:
    from core.cutover.door import Asker, Door

PREFIX: Final = "vgwm-canary-"
"""How its name begins; a workspace's id follows."""

_ABSENT: Final = 404
_MADE: Final = frozenset({200, 204})
_OURS: Final = "BucketAlreadyOwnedByYou"


class Trial(NamedTuple):
    """Where to try. made: it is one of ours. why: none could be made, "" for no such thing."""

    bucket: str
    made: bool = False
    why: str = ""


async def begun(asker: Asker, door: Door, bucket: str, mark: str) -> Trial:
    """Return the bucket if it is there, else one of ours.

    Where none can be made it is the bucket all the same. Silence is for who tries there to find.
    """
    mine = f"{PREFIX}{mark}"
    try:
        head = await asker.ask(door, Call(method="HEAD", bucket=bucket))
        if head.status != _ABSENT:
            return Trial(bucket)
        made = await asker.ask(door, Call(method="PUT", bucket=mine))
    except NoAnswer as error:
        return Trial(bucket, why=error.what)
    if made.status in _MADE or made.code == _OURS:
        return Trial(mine, made=True)
    return Trial(bucket, why=f"{bucket} is not there yet, and {mine} cannot be made: {made.told}")


async def ended(asker: Asker, door: Door, trial: Trial) -> str:
    """Take one of ours away again; return why it may still be there, "" if it is not."""
    if not trial.made:
        return ""
    try:
        gone = await asker.ask(door, Call(method="DELETE", bucket=trial.bucket))
    except NoAnswer as error:
        return f"bucket {trial.bucket} may still be there: {error.what}"
    if gone.status in _MADE or gone.status == _ABSENT:
        return ""
    return f"bucket {trial.bucket} is still there: {gone.told}"
