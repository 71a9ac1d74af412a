"""`vgwm verify`: hold the target against the source, key by key, and read bytes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.cli.run import Verdict
    from core.control.client import Client
    from core.control.wire import state as wire

_SAMPLE = 10_000


class VerifyGiven(TypedDict):
    """The options of `vgwm verify`, as click hands them over."""

    source_backend: str | None
    source_path: str | None
    target_backend: str | None
    scope: str
    buckets: tuple[str, ...]
    slices: tuple[str, ...]
    sample_size: int | None
    seed: str | None
    full: bool
    replicas: str
    detach: bool
    foreground: bool


@click.command()
@click.option("--source-backend", metavar="KIND", help="Must be the workspace's.")
@click.option("--source-path", metavar="PATH", help="Must be the workspace's.")
@click.option("--target-backend", metavar="KIND", help="Must be the workspace's.")
@click.option(
    "--scope",
    type=click.Choice(["all", "recorded"]),
    default="all",
    show_default=True,
    help="Every key of the source, or only those that a copy has recorded.",
)
@click.option("--bucket", "buckets", multiple=True, metavar="B", help="Only this; repeatable.")
@click.option("--slice", "slices", multiple=True, metavar="NAME", help="Only this slice's buckets.")
@click.option(
    "--sample-size",
    type=click.IntRange(0, 1_000_000_000),
    metavar="N",
    help="Objects whose bytes are read again, about; 0: none. Default 10,000.",
)
@click.option("--seed", metavar="N", help="Takes the same sample as the verification with it.")
@click.option("--full", is_flag=True, help="Read every byte again, not a sample.")
@click.option(
    "--replicas",
    type=click.Choice(["one", "all"]),
    default="one",
    show_default=True,
    help="With --full: read each bundle on one of its nodes, or on all of them.",
)
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def verify(call: Call, **given: Unpack[VerifyGiven]) -> int:
    """Hold source, ledger, object table and pins against each other, and read bytes again.

    Every key is compared: presence, size, ETag, metadata, CID, and its pin on each allocation. Of
    the bytes a seeded sample is read, or all. Five lists name every key; a difference is looked at
    twice. Exit 1 if a key differs, is missing, is extra, or could not be looked at.
    """
    from core.cli.run import Errand, Manner, run_job
    from core.control.agree import check_agreement
    from core.errors import BadInput

    check_agreement(
        call.workspace,
        source_backend=given["source_backend"],
        source_path=given["source_path"],
        target_backend=given["target_backend"],
    )
    if given["full"] and given["sample_size"] is not None:
        raise BadInput(
            what="--full reads every byte: there is no sample",
            where="vgwm verify",
            remedy="Leave --full or --sample-size out.",
        )
    args = _args(given)

    async def ask(client: Client) -> dict[str, str]:
        from core.control.slice_buckets import buckets_of

        named = await buckets_of(client, given["buckets"], given["slices"])
        return args | ({"bucket": ",".join(named)} if named else {})

    manner = Manner(detach=given["detach"], foreground=given["foreground"])
    errand = Errand(kind="verify", args=None, knobs={}, judge=_judge, ask=ask, like=ask)
    return run_job(call, errand, manner)


def _args(given: VerifyGiven) -> dict[str, str]:
    """Return what the job is asked, but for its buckets."""
    args = {"scope": given["scope"]}
    if given["full"]:
        args |= {"full": "1", "replicas": given["replicas"]}
    else:
        sample = _SAMPLE if given["sample_size"] is None else given["sample_size"]
        args |= {"sample": str(sample), "replicas": given["replicas"]}
    if given["seed"] is not None:
        args["seed"] = given["seed"]
    return args


async def _judge(client: Client, last: wire.Snapshot) -> Verdict:
    from core.cli.proof_lines import code_of, proof_lines
    from core.cli.run import Verdict

    job = max((job for job in last.jobs if job.kind == "verify"), key=lambda job: job.id)
    proof = await client.proof(job.id)
    return Verdict(proof, await proof_lines(client, proof, last.workspace.source), code_of(proof))
