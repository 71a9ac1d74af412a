"""Gateways by commands: their state decides, silence is unknown, and no secret goes along."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.schema import Gateway as Named
from core.config.schema import Traffic
from core.cutover import command
from core.cutover.command import run_command
from core.cutover.fence import fence_gate, hold, release, shut
from core.cutover.fleet import Fleet
from core.cutover.gateway import Hold
from core.cutover.gateway_command import CommandGateway
from core.cutover.hook import HookBalancer
from core.cutover.mode import Mode, Side
from core.errors import BadInput, NoAnswer, Refused
from core.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

RUN = "5eed0001-7"
PROGRAM = """
import json, os, sys, time
folder, op, fault = sys.argv[1:]
told = json.load(sys.stdin)
with open(folder + "/told", "a") as out:
    out.write(json.dumps({**told, "environment": sorted(os.environ)}) + "\\n")
state = folder + "/fenced"
if op == "fence" and fault != "lazy":
    open(state, "w").close()
if op == "open" and os.path.exists(state):
    os.unlink(state)
if fault == "hangs" and op == "fence":
    time.sleep(60)
if fault == "fails" and op == "fence":
    sys.exit("mount: permission denied")
if op == "state":
    word = "fenced" if os.path.exists(state) else "open"
    print("what?" if fault == "mumbles" else json.dumps({"state": word}))
"""


class Ground:
    """A folder with a program that fences by a file, in one of several wrong ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "program.py"
        self.program.write_text(PROGRAM)

    def gateway(self, fault: str = "", *, limit_s: float = 20) -> CommandGateway:
        def argv(op: str) -> tuple[str, ...]:
            return (sys.executable, "-I", "-S", str(self.program), str(self.folder), op, fault)

        named = Named(
            name="gw-1",
            side="blue",
            address="127.0.0.1:7071",
            fence=argv("fence"),
            open=argv("open"),
            state=argv("state"),
        )
        return CommandGateway(named, limit_s=limit_s)

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "told").read_text().splitlines()]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


async def test_a_gateway_is_fenced_and_opened_and_seen_to_be(ground: Ground) -> None:
    gateway = ground.gateway()
    assert await gateway.state(["b"]) is Hold.OPEN
    for _ in range(2):
        assert await hold([gateway], ["b"], RUN) == []
        assert await gateway.state(["b"]) is Hold.FENCED
    for _ in range(2):
        assert await release([gateway], ["b"], RUN) == []
        assert await gateway.state(["b"]) is Hold.OPEN


async def test_a_command_is_told_what_it_needs_and_no_secret(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-value")
    gateway = ground.gateway()
    await gateway.fence(["b", "c"], RUN)
    [told] = ground.told()
    assert len(str(told.pop("request_id"))) == 16
    environment = told.pop("environment")
    assert isinstance(environment, list)
    assert "PATH" in environment
    assert not [name for name in environment if "AWS" in name]
    assert told == {
        "v": 1,
        "op": "fence",
        "gateway": "gw-1",
        "side": "blue",
        "slices": ["b", "c"],
        "run": RUN,
    }


async def test_a_command_that_fails_is_refused_with_what_it_said(ground: Ground) -> None:
    gateway = ground.gateway("fails")
    with pytest.raises(Refused, match="mount: permission denied"):
        await gateway.fence(["b"], RUN)


async def test_the_state_decides_and_not_the_exit_code(ground: Ground) -> None:
    assert await hold([ground.gateway("fails")], ["b"], RUN) == [], "it had fenced before it failed"
    assert await release([ground.gateway()], ["b"], RUN) == []
    [trouble] = await hold([ground.gateway("lazy")], ["b"], RUN)
    assert trouble.why == "its state is open, not fenced"
    [trouble] = await hold([ground.gateway("mumbles")], ["b"], RUN)
    assert trouble.why == "its state is unknown, not fenced"


async def test_a_command_that_hangs_is_ended_and_unknown(ground: Ground) -> None:
    with pytest.raises(NoAnswer, match="did not end within"):
        await ground.gateway("hangs", limit_s=1).fence(["b"], RUN)


async def test_a_command_that_may_not_be_ended_is_unknown_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs as another user, as behind sudo: its end is not ours to bring about."""
    asked: list[int] = []

    def denied(group: int, sign: int) -> None:
        asked.append(group)
        raise PermissionError(sign)

    monkeypatch.setattr("os.killpg", denied)
    monkeypatch.setattr("core.cutover.command.KILL_S", 0.05)
    sleeps = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(1)")
    with pytest.raises(NoAnswer, match="unknown what it did"):
        await run_command(sleeps, b"", "gateways.gw-1.fence", limit_s=0.2)
    assert asked
    await asyncio.wait([*command._left], timeout=20)  # noqa: SLF001 - none stays a zombie
    assert not command._left  # noqa: SLF001


async def test_i9_what_a_command_says_of_a_secret_is_not_handed_on() -> None:
    for behind in ("", " and then" + " it went on" * 25):  # the second one is cut within the value
        program = f"import sys; sys.exit('login: token={'pl4nted' * 3}{behind}')"
        with pytest.raises(Refused) as raised:
            await run_command((sys.executable, "-I", "-S", "-c", program), b"", "traffic.command")
        assert "pl4nted" not in raised.value.what


async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(BadInput, match="cannot be started"):
        await run_command(["/nowhere/at/all"], b"", "gateways.gw-1.fence")


async def test_a_gateway_with_a_part_of_its_commands_cannot_be_fenced() -> None:
    named = Named(name="gw", side="blue", address="127.0.0.1:7071", fence=("true",))
    gateway = CommandGateway(named)
    assert not gateway.can_fence
    assert await gateway.state(["b"]) is Hold.UNKNOWN
    with pytest.raises(BadInput, match="no command for open"):
        await gateway.open(["b"], RUN)
    assert await hold([gateway], ["b"], RUN) == [], "the gate warns of it instead"
    assert gateway.side is Side.BLUE


def fleet(*modes: Mode) -> Fleet:
    """Return a fleet of one load balancer that is never asked."""
    argv = ("/bin/false",)
    return Fleet([HookBalancer(Traffic(command=argv, modes=tuple(mode.value for mode in modes)))])


BARE = CommandGateway(Named(name="gw", side="blue", address="127.0.0.1:7071"))


@pytest.mark.parametrize(
    ("fault", "bare", "modes", "verdict", "told"),
    [
        ("", False, tuple(Mode), Verdict.PASS, "load balancers and each gateway"),
        ("", False, (Mode.BLUE, Mode.GREEN), Verdict.PASS, "each gateway; the load balancers"),
        ("", True, tuple(Mode), Verdict.WARN, "load balancers alone fence gw"),
        ("", True, (Mode.BLUE, Mode.GREEN), Verdict.FAIL, "neither"),
        ("mumbles", False, tuple(Mode), Verdict.FAIL, "gw-1 says unknown, not open"),
    ],
)
async def test_the_gate_tells_who_would_fence_and_asks_them(  # noqa: PLR0913, PLR0917 - a case
    ground: Ground,
    fault: str,
    bare: bool,  # noqa: FBT001 - a case
    modes: tuple[Mode, ...],
    verdict: Verdict,
    told: str,
) -> None:
    gateways = [ground.gateway(fault), *([BARE] if bare else [])]
    gate = await fence_gate(gateways, fleet(*modes), ["b"])
    assert gate.verdict is verdict
    assert gate.evidence.startswith(told)


async def test_the_gate_says_where_nobody_tells_when_the_last_write_has_ended(
    ground: Ground,
) -> None:
    told = "traffic.command does not say when writes under way have ended"
    assert told in (await fence_gate([BARE], fleet(*Mode), ["b"])).evidence
    assert told not in (await fence_gate([ground.gateway()], fleet(*Mode), ["b"])).evidence


async def test_without_any_means_the_gate_is_red() -> None:
    assert (await fence_gate([BARE], Fleet([]), ["b"])).verdict is Verdict.FAIL
    assert (await fence_gate([], Fleet([]), ["b"])).verdict is Verdict.FAIL
    assert (await fence_gate([], fleet(*Mode), ["b"])).verdict is Verdict.WARN


async def test_a_gateway_of_green_that_a_way_back_left_fenced_is_told_with_what_opens_it(
    tmp_path: Path,
) -> None:
    gateway = Ground(tmp_path).gateway()
    assert not await shut([gateway], [])
    await gateway.fence([], RUN)
    (trouble,) = await shut([gateway], [])
    assert "its state is fenced: run its `open` command" in trouble.why
