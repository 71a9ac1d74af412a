"""Which buckets a command is limited to, by name or by the slices of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.client import Client


async def buckets_of(client: Client, buckets: Sequence[str], slices: Sequence[str]) -> list[str]:
    """Return names of buckets, each once; none for all. Raises BadInput for an unknown slice."""
    found = dict.fromkeys(buckets)
    wrong = next((name for name in found if not name or "," in name), None)
    if wrong is not None:
        raise BadInput(
            what=f"{safe(wrong) or 'an empty name'} is no bucket",
            where="--bucket",
            remedy="Name one bucket with each --bucket.",
        )
    if slices:
        known = dict((await client.plan()).slices)
        for name in slices:
            if name not in known:
                raise BadInput(
                    what=f"the plan has no slice {safe(name)}",
                    where="--slice",
                    remedy=f"Slices: {safe(', '.join(known)) or 'none'}."
                    " Those of vgwm.yaml come into it with: vgwm plan --strategy rolling.",
                )
            found |= dict.fromkeys(known[name])
    return list(found)
