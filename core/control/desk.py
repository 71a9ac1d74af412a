"""Who answers the API: a live engine, a ledger at rest, or a test's stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from core.control.wire import bundles as wire_bundles
    from core.control.wire import checks as wire_checks
    from core.control.wire import cluster as wire_cluster
    from core.control.wire import cutover as wire_cutover
    from core.control.wire import failures as wire_failures
    from core.control.wire import keeping as wire_keeping
    from core.control.wire import metadata as wire_metadata
    from core.control.wire import plan as wire_plan
    from core.control.wire import rollback as wire_rollback
    from core.control.wire import state as wire
    from core.control.wire import sync as wire_sync
    from core.control.wire import verify as wire_verify

Verb = Literal["pause", "resume", "cancel"]
VERBS: tuple[Verb, ...] = ("pause", "resume", "cancel")


class LookDesk(Protocol):
    """What can be asked without an engine."""

    async def snapshot(self) -> wire.Snapshot:
        """Return the whole latest state."""
        ...

    async def events(self, since: int, limit: int) -> wire.Events:
        """Return up to `limit` events after number `since`, oldest first."""
        ...

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        """Return a page of failures."""
        ...

    async def failure_causes(self, disposition: str) -> wire_failures.FailureCauses:
        """Return failures by class and phase, of one disposition or of all."""
        ...

    async def failure_bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        """Return bundles with failed objects, from the at-th on."""
        ...

    async def bundles(self, since: int, limit: int) -> wire_bundles.Bundles:
        """Return up to `limit` of the newest recorded bundles after number `since`."""
        ...

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        """Begin a plan of an act on failures; nothing is done (I8)."""
        ...

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        """Return a plan by its id."""
        ...

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        """Begin a plan of a repair; nothing is done (I8)."""
        ...

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        """Return such a plan by its id."""
        ...

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        """Begin a plan of an act on the whole object table; nothing is done (I8)."""
        ...

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        """Return such a plan by its id."""
        ...

    async def plan(self) -> wire_plan.Plan:
        """Return the stored plan; raises NoPlan."""
        ...

    async def checks(self) -> wire_checks.Checks:
        """Return the assessment: the newest answer of every row."""
        ...

    async def proof(self, job: int | None) -> wire_verify.Proof:
        """Return a proof by its job; the newest verification without."""
        ...

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        """Return proofs of every kind, the newest first."""
        ...

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        """Return rows of one of the five lists."""
        ...

    async def sync(self) -> wire_sync.Sync:
        """Return rounds, lag and forecast of a sync, and the deletes that wait."""
        ...

    async def cutover(self, slice_: str) -> wire_cutover.Cutover:
        """Return where every slice stands, and one in full; all without a name."""
        ...

    async def rollback(self, query: wire_rollback.RollbackQuery) -> wire_rollback.Rollback:
        """Return the way back as it is now."""
        ...

    async def names(self, query: wire_rollback.NamesQuery) -> wire_rollback.RiskNames:
        """Return what is on green and not known to be on blue, by name."""
        ...

    async def cluster(self) -> wire_cluster.Cluster:
        """Return the target's peers as they were last heard."""
        ...

    async def make_cutover(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        """Begin a plan of an act on traffic; nothing is done (I8)."""
        ...

    async def cutover_plan(self, number: int) -> wire_cutover.CutoverPlan:
        """Return such a plan by its id."""
        ...


class Desk(LookDesk, Protocol):
    """What an engine also does. Every call returns after the change is on disk (I5)."""

    async def start_job(self, request: wire.JobRequest) -> int:
        """Begin a job and return its id; a repeated request_id begins nothing new."""
        ...

    async def act(self, job: int, verb: Verb, act: wire.Act) -> None:
        """Pause, resume or cancel a job."""
        ...

    async def set_knobs(self, request: wire.KnobRequest) -> None:
        """Set knobs, all or none."""
        ...

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        """Take a check's warning on; Refused unless it is one."""
        ...

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        """Answer a manual item; Refused for what a machine answers."""
        ...

    def hear(self, actor: str) -> None:
        """Note a look of this actor: it keeps the lease, if it is theirs."""
        ...

    async def take_lease(self, order: wire.Command) -> wire.Lease:
        """Let this actor steer; LeaseHeld if another does and no reason is given."""
        ...

    async def stop(self, act: wire.Act) -> None:
        """Let the engine end after this answer."""
        ...
