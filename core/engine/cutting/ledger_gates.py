"""The gates of READY that the ledger answers: what jobs came to, and how long ago. Nobody is asked.

May import the ledger, the rows of the assessment and the figures of verifications.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.config.units import parse_share
from core.cutover.gate import Gate
from core.display import count, safe
from core.engine.cutting.rehearsals import rehearsals
from core.ledger.rows import Saying
from core.preflight.rows import From, rows
from core.verdict import Verdict
from core.verify.difference import Ill, Listed
from core.verify.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.config.schema import Workspace
    from core.engine.cutting.rehearsals import Rehearsal
    from core.engine.syncing.lag import Forecast
    from core.ledger.proofs import ProofRow
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import SaidRow
    from core.verdict import Answer

HOUR_S: Final = 3_600.0
DAY_S: Final = 24 * HOUR_S
WEEK_S: Final = 7 * DAY_S
NOW_S: Final = 60.0

ACK: Final = "gate:"
"""An acknowledged gate's name in the ledger is this and its own."""

_DEPLOY: Final = "docker"
"""Of the assessment, what only `target deploy --up` needs: a cutover does without."""

_DIRTY: Final = frozenset({(Listed.MISSING, Ill.SOURCE_MOVED), (Listed.EXTRA, Ill.GONE_AT_SOURCE)})
"""What a source in use differs in, a line a key: rounds carry it, FINAL and PROVE let none pass."""

_PROOFS: Final = 20


class LedgerGates:
    """Reads gates from a ledger. forecast: of a freeze."""

    def __init__(
        self,
        workspace: Workspace,
        ledger: LedgerReader,
        forecast: Callable[[], Awaitable[Forecast]],
    ) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._forecast = forecast

    async def gates(self) -> list[Gate]:
        """Return those of all slices alike, in the order in which they are shown."""
        return [
            *await self._assessed(),
            await self._keys(),
            *await self._proven(),
            self._diffs(),
            await self._freeze(),
            *self._final(),
        ]

    async def rehearsals(self) -> list[Rehearsal]:
        """Return the rehearsals that came to their end, the newest first: of slices, each alone."""
        return await rehearsals(self._ledger.cutovers)

    async def acks(self) -> dict[str, str]:
        """Return who acknowledged which gate."""
        said = await self._ledger.said()
        return {
            row.name.removeprefix(ACK): safe(row.who)
            for row in said
            if row.kind is Saying.ACK and row.name.startswith(ACK)
        }

    async def _assessed(self) -> list[Gate]:
        kept = {one.answer.check: one.answer for one in await self._ledger.answers()}
        said = await self._ledger.said()
        acks = {row.name: row for row in said if row.kind is Saying.ACK}
        asked = [
            row.id
            for row in rows(self._workspace)
            if row.come is not From.NOTE and row.id != _DEPLOY
        ]
        answers = [kept[name] for name in asked if name in kept]
        missing = [name for name in asked if name not in kept]
        at_ns = min((one.at_ns for one in answers), default=0)
        of = {
            verdict: [one.check for one in answers if one.verdict is verdict] for verdict in Verdict
        }
        open_warns = [name for name in of[Verdict.WARN] if name not in acks]
        unknown = missing + of[Verdict.UNKNOWN]
        if of[Verdict.FAIL]:
            verdict, text = Verdict.FAIL, f"failed: {_names(of[Verdict.FAIL])}"
        elif unknown:
            verdict, text = Verdict.UNKNOWN, f"not answered: {_names(unknown)}"
        elif open_warns:
            verdict, text = Verdict.WARN, f"not acknowledged: {_names(open_warns)}"
        else:
            verdict = Verdict.PASS
            text = f"{len(answers)} checks, {len(of[Verdict.WARN])} warnings acknowledged by name"
        remedy = "Ask and acknowledge: vgwm assess, vgwm assess --ack CHECK=REASON."
        gates = [_gate("preflight", verdict, text, at_ns, WEEK_S, remedy)]
        if "capacity" in asked:
            gates.append(_capacity(kept.get("capacity"), acks.get("capacity")))
        return gates

    async def _keys(self) -> Gate:
        buckets = await self._ledger.buckets()
        counted = await self._ledger.counters()
        walked = bool(buckets) and all(row.state.walked for row in buckets)
        dirty = await self._ledger.rounds.dirty()
        remedy = "Bring them to an end: vgwm copy, vgwm sync, vgwm retry."
        if not walked:
            verdict, text = Verdict.FAIL, "there is no whole plan"
        elif counted.remaining > dirty or counted.failed:
            verdict = Verdict.FAIL
            text = (
                f"{count(counted.remaining)} keys have no end state, {count(counted.failed)} failed"
            )
        else:
            verdict = Verdict.PASS
            text = f"{count(counted.objects)} keys, {count(counted.skipped)} skipped by name"
        return _gate("keys", verdict, text, time.time_ns(), NOW_S, remedy)

    async def _proven(self) -> list[Gate]:
        proofs = [
            one
            for one in await self._ledger.proofs(_PROOFS, "verify", ended=True)
            if one.scope == "all" and not one.args.get("bucket")
        ]
        return [_verified(proofs), _bound(proofs, parse_share(self._workspace.cutover.max_bound))]

    def _diffs(self) -> Gate:
        """Ask a person to read the differences of configuration and accounts, and to say so."""
        return _gate(
            "diffs",
            Verdict.WARN,
            "differences of configuration and accounts are a person's to read",
            time.time_ns(),
            NOW_S,
            "Read them: vgwm config diff OLD NEW, vgwm iam check NEW --against OLD; then say so:"
            " vgwm cutover status --ack diffs=REASON.",
        )

    def _final(self) -> list[Gate]:
        """Refuse a policy that this release does not have, rather than do another."""
        if self._workspace.cutover.final == "full":
            return []
        text = "cutover.final: hinted is not offered: under the fence every key is compared"
        remedy = "Write final: full, or leave it out of vgwm.yaml; hints shorten the rounds before."
        return [_gate("final", Verdict.FAIL, text, time.time_ns(), NOW_S, remedy)]

    async def _freeze(self) -> Gate:
        now = await self._forecast()
        newest = await self._ledger.rounds.last_full()
        at_ns = 0 if newest is None else newest.ended_ns or 0
        if now.freeze_s is None:
            verdict, text = Verdict.UNKNOWN, "no round of sync has ended"
        else:
            verdict = Verdict.PASS if now.ready else Verdict.FAIL
            text = f"a freeze would take {now.freeze_s:.1f} s"
            text += "" if now.ready else "; not within freeze_budget in two rounds running"
        remedy = "Sync until it is ready: vgwm sync."
        return _gate("forecast", verdict, text, at_ns, HOUR_S, remedy)


def _capacity(answer: Answer | None, ack: SaidRow | None) -> Gate:
    if answer is None:
        return _gate("capacity", Verdict.UNKNOWN, "not asked yet", 0, WEEK_S, "Ask: vgwm assess.")
    return Gate(
        name="capacity",
        verdict=answer.verdict,
        evidence=safe(answer.evidence),
        at_ns=answer.at_ns,
        limit_s=WEEK_S,
        remedy=safe(answer.remedy),
        acked="" if ack is None else ack.who,
    )


def _verified(proofs: Sequence[ProofRow]) -> Gate:
    remedy = "Verify, repair what differs, verify again: vgwm verify."
    if not proofs:
        return _gate("verified", Verdict.UNKNOWN, "no verification of all keys", 0, DAY_S, remedy)
    newest = proofs[0]
    told = Figures.parse(newest.figures)
    at_ns = newest.ended_ns or 0
    if told.partial:
        text = f"job {newest.job} ended before its end"
        return _gate("verified", Verdict.UNKNOWN, text, at_ns, DAY_S, remedy)
    dirty = {one.listed: one.rows for one in told.rows if (one.listed, one.ill) in _DIRTY}
    found = {
        str(one): told.objects.get(one, 0) - dirty.get(one, 0)
        for one in Listed
        if one is not Listed.EQUAL
    }
    found |= {"unpinned": told.unpinned, "unread": told.unread}
    bad = ", ".join(f"{count(n)} {name}" for name, n in found.items() if n)
    verdict = Verdict.FAIL if bad else Verdict.PASS
    text = f"job {newest.job}: {bad or f'{count(told.objects.get(Listed.EQUAL, 0))} keys equal'}"
    if dirty:
        text += f"; {count(sum(dirty.values()))} have changed since the last round"
    return _gate("verified", verdict, text, at_ns, DAY_S, remedy)


def _bound(proofs: Sequence[ProofRow], most: float) -> Gate:
    remedy = "Read more: vgwm verify --sample-size N, or --full."
    for one in proofs:
        read = Figures.parse(one.figures).bytes
        if read is None:
            continue
        ended_ns = one.ended_ns or 0
        if read.unread or (not read.whole and not read.n):
            text = f"job {one.job}: {count(read.unread)} could not be read"
            return _gate("bound", Verdict.UNKNOWN, text, ended_ns, WEEK_S, remedy)
        seen = f"{count(read.bad)} seen of {count(read.n)}"
        text = f"job {one.job}: at most {read.bound95:.4%} bad, {seen}"
        passed = read.bound95 <= most and not read.bad
        verdict = Verdict.PASS if passed else Verdict.FAIL
        return _gate("bound", verdict, f"{text}; policy {most:.4%}", ended_ns, WEEK_S, remedy)
    return _gate("bound", Verdict.UNKNOWN, "no bytes were read again", 0, WEEK_S, remedy)


def _gate(  # noqa: PLR0913, PLR0917 - a gate's fields, in their order
    name: str, verdict: Verdict, evidence: str, at_ns: int, limit_s: float, remedy: str = ""
) -> Gate:
    return Gate(
        name=name,
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=limit_s,
        remedy="" if verdict is Verdict.PASS else remedy,
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
