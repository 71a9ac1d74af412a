"""What all cluster peers together are worth: judged from what each of them told. Pure.

Source: ipfs.md 11, guide.md 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.display import safe
from core.probe.probe import Finding
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from core.target.cluster_answers import Member, Metric


class Need(NamedTuple):
    """How many copies are made (rf), and the fewest that a pin may have."""

    rf: int
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one configured address told. member None: it did not answer, and why says so.

    free: the `freespace` metrics that this peer holds of all.
    """

    name: str
    member: Member | None
    free: tuple[Metric, ...] = ()
    why: str = ""


def judge_peers(told: Sequence[Told], need: Need) -> Finding:
    """Judge whether there are peers enough that can take pins.

    Well is a peer whose Kubo answers it and whose free space a heard peer knows. Fewer than the
    least of copies is a fail; fewer than all, or a least of 1, a warning.
    """
    heard = [(one, one.member) for one in told if one.member is not None]
    if not heard:
        return Finding(
            Verdict.UNKNOWN, "no peer answers", "Start the peers; see the rows of each endpoint."
        )
    twins = _twins({one.name: member.id for one, member in heard})
    if twins:
        return Finding(Verdict.FAIL, twins, "Give each peer once, by one address.")
    members = [member for _, member in heard]
    known = {peer for member in members for peer in (member.id, *member.members)}
    total = max(len(known), len(told))
    well = _well(told, members, known)
    text = f"{well} of {total} peers take pins, {need.rf} copies wanted"
    if total < need.rf:  # each pin is sent with so many copies, and no fewer
        remedy = f"Add {need.rf - total} more, or lower target.replication."
        return Finding(Verdict.FAIL, text, remedy)
    return _by_count(text, well, total, need, heard)


def _well(told: Sequence[Told], members: Sequence[Member], known: AbstractSet[str]) -> int:
    """Return how many peers take pins.

    A metric outlives its peer by 30 s: of the peers that were not heard, as many are left out as
    addresses are silent.
    """
    valid = {metric.peer for one in told for metric in one.free if metric.valid}
    broken = {member.id for member in members if member.kubo_error or member.error}
    heard = {member.id for member in members}
    silent = sum(one.member is None for one in told)
    return len((heard & valid) - broken) + max(0, len((known - heard) & valid) - silent)


def _by_count(
    text: str, well: int, total: int, need: Need, heard: Sequence[tuple[Told, Member]]
) -> Finding:
    versions = sorted({member.version for _, member in heard})
    if well < max(need.least, 1):
        return Finding(Verdict.FAIL, text, "Start peers and their Kubo until the copies have room.")
    if well < need.rf:
        remedy = "Start the others, or lower target.replication: copies are never made fewer alone."
        return Finding(Verdict.WARN, text, remedy)
    if well < total:
        return Finding(Verdict.WARN, text, "Start the others, see the rows of each endpoint.")
    if len(versions) > 1:
        text += f"; versions {', '.join(map(safe, versions))}"
        return Finding(Verdict.WARN, text, "Bring all peers to one version.")
    if need.least == 1:
        text += "; replication_min 1"
        return Finding(
            Verdict.WARN, text, "One copy is no copy: raise the profile's replication_min."
        )
    return Finding(Verdict.PASS, f"{text}, all {safe(versions[0])}")


def _twins(ids: Mapping[str, str]) -> str:
    """Return which two addresses are the same server, else nothing."""
    seen: dict[str, str] = {}
    for name, server in ids.items():
        other = seen.setdefault(server, name)
        if other != name:
            return f"{other} and {name} are the same server"
    return ""


def judge_pins(counts: Mapping[str, int]) -> Finding:
    """Judge how many pins each peer's copy of the shared state holds. counts: by peer's name."""
    text = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    if len(set(counts.values())) <= 1:
        return Finding(Verdict.PASS, f"the same at all peers: {text}")
    remedy = "Wait 90 s for gossip; if it stays, look at the peers' logs and links."
    return Finding(Verdict.WARN, f"not the same: {text}", remedy)


QUEUE_MAX = 1_000


def judge_queue(waiting: int, errors: int) -> Finding:
    """Judge a peer's pins that wait or are in work, and those that failed."""
    text = f"{waiting:,} pins in work, {errors:,} failed"
    if errors:
        return Finding(
            Verdict.WARN, text, "See why: ipfs-cluster-ctl status --filter error; then recover."
        )
    if waiting > QUEUE_MAX:
        return Finding(Verdict.WARN, text, "Wait until it is shorter, or lower pin_inflight.")
    return Finding(Verdict.PASS, text)


def judge_metrics(peers: int, pings: Sequence[Metric], free: Sequence[Metric]) -> Finding:
    """Judge what one peer hears of all. peers: how many there are. The ages are its own clock's."""
    heard = {metric.peer for metric in pings if metric.valid}
    space = {metric.peer for metric in free if metric.valid}
    newest = max((metric.received_ns for metric in pings), default=0)
    behind_s = max(((newest - m.received_ns) / 1e9 for m in pings if m.valid), default=0.0)
    text = f"hears {len(heard)} of {peers} peers, knows the free space of {len(space)}"
    if len(heard) >= peers and len(space) >= peers:
        return Finding(Verdict.PASS, f"{text}; oldest ping {behind_s:.0f} s behind the newest")
    remedy = "A peer just started needs 30 s; else start the missing ones, or mend their links."
    return Finding(Verdict.WARN, text, remedy)
