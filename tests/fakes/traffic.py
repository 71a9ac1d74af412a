"""Answers of a desk about a cutover, for tests that ask about something else."""

from __future__ import annotations

from core.control.wire import cluster as wire_cluster
from core.control.wire import cutover as wire_cutover
from core.control.wire import rollback as wire_rollback

AT_NS = 1_795_000_000_000_000_000


class FakeTraffic:
    """Answers with what a test puts here."""

    looked = wire_cutover.Cutover(slice="all", slices=(wire_cutover.Slice(name="all"),))
    way_back = wire_rollback.Rollback(slice="all", off="slice all was not switched")
    at_risk = wire_rollback.RiskNames(slice="all", what="at-risk", rows=(), as_of_ns=AT_NS)
    peers = wire_cluster.Cluster(at_ns=AT_NS)
    act_plan_made = wire_cutover.CutoverPlan(
        id=1, act="cutover", kind="cutover", state="made", slice="all", hash="0a1b2c3d"
    )

    async def cutover(self, slice_: str) -> wire_cutover.Cutover:
        del slice_
        return self.looked

    async def rollback(self, query: wire_rollback.RollbackQuery) -> wire_rollback.Rollback:
        del query
        return self.way_back

    async def names(self, query: wire_rollback.NamesQuery) -> wire_rollback.RiskNames:
        del query
        return self.at_risk

    async def cluster(self) -> wire_cluster.Cluster:
        return self.peers

    async def make_cutover(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        del request
        return self.act_plan_made

    async def cutover_plan(self, number: int) -> wire_cutover.CutoverPlan:
        del number
        return self.act_plan_made
