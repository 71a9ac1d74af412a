"""The proof under the fence: source, ledger, table and pins joined, key by key, with a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.engine.verifying.verifications import verify_means
from core.engine.verifying.verify_run import VerifyRun
from core.errors import Broken
from core.verify.difference import Listed
from core.verify.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.premises import Premises
    from core.engine.reins import Reins

AGAIN_S: Final = 0.5
"""The source is fenced: a difference does not settle, only a pin's state may."""


async def prove(premises: Premises, reins: Reins, buckets: Sequence[str]) -> list[str]:
    """Join all keys of buckets, empty for everything; return what is not equal, counted.

    The report stands in reports/verify-JOB, of the cutover's own job.
    """
    means = replace(verify_means(premises), again_s=AGAIN_S)
    args = {"bucket": ",".join(buckets)} if buckets else {}
    await VerifyRun(means, args).run(reins)
    proof = await premises.ledger.proof(reins.id)
    if proof is None:
        raise Broken(
            what=f"the proof of job {reins.id} was not kept",
            where="ledger",
            remedy="This is a fault of vgwm: keep ledger.db and report it.",
        )
    told = Figures.parse(proof.figures)
    found = {str(one): told.objects.get(one, 0) for one in Listed if one is not Listed.EQUAL}
    found |= {"unpinned": told.unpinned, "unread": told.unread, "dirty": told.dirty}
    wrong = [f"{n} {name}" for name, n in found.items() if n]
    return [*wrong, f"see {proof.folder}"] if wrong else []
