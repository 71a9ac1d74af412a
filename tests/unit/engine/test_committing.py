"""What a commit says may be taken down: blue alone, and of a slice no more than its buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.config.schema import Cutover, DirTarget, Gateway, PosixSource, PrivateWriter, Workspace
from core.config.secret import SecretRef
from core.cutover.cutover_plan import CutoverPlan, Kind, Strategy
from core.cutover.limits import Limits
from core.engine.cutting.committing import may_be_taken_down

KEY: Final = SecretRef.parse("env:KEY")
WORKSPACE: Final = Workspace(
    id="9f2c1a7e",
    source=PosixSource(path=Path("/data/gw")),
    target=DirTarget(path=Path("/out")),
    gateways=(
        Gateway(name="blue-1", side="blue", address="http://b:1"),
        Gateway(name="green-1", side="green", address="http://g:1"),
    ),
    cutover=Cutover(
        slices={"first": ("photos",)},
        private_writer=PrivateWriter(
            socket=Path("/run/blue.sock"), access_key_ref=KEY, secret_ref=KEY
        ),
    ),
)


def plan(slice_: str, *buckets: str) -> CutoverPlan:
    return CutoverPlan(
        workspace="9f2c1a7e",
        kind=Kind.CUTOVER,
        slice=slice_,
        buckets=buckets,
        strategy=Strategy.BLUE_GREEN,
        steps=(),
        means=("haproxy lb-1 /a /b /c",),
        policies=(),
        limits=Limits(pause_s=60),
    )


def test_of_everything_blue_and_what_led_back_to_it_may_go_and_load_balancers_stay() -> None:
    assert may_be_taken_down(WORKSPACE, plan("all")) == [
        "gateway blue-1 at http://b:1",
        "private writer at /run/blue.sock",
        "posix:/data/gw",
    ]


def test_of_a_slice_its_buckets_alone_may_go_for_blue_serves_the_others() -> None:
    assert may_be_taken_down(WORKSPACE, plan("first", "photos")) == [
        "bucket photos of posix:/data/gw"
    ]
