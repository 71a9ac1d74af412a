"""A live green is watched for real: what is wrong is named, and goes back only before a write."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.cutover.cases import Case
from core.cutover.proof_keys import PREFIX
from core.cutover.states import State
from core.engine.watching.green_watch import GreenWatch, watch_world
from core.verdict import Verdict
from tests.lab.process import until
from tests.real.rollback_scene import BUCKET, Traffics, flipped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from core.cutover.gate import Gate
    from tests.lab.tools import Tools

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Take back what a scene told its engine by the environment."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


_SOUND = ("mismatch", "errors", "lag", "feed", "traffic", "cases", "foreign")


class Watched:
    """Green behind two load balancers, and a watch that looks when it is told to."""

    def __init__(self, live: Traffics) -> None:
        self.live = live
        engine = live.engine
        self.watch = GreenWatch(
            engine.workspace,
            engine.ledger,
            lambda: watch_world(
                engine.premises, engine.start_job, engine.reverses, engine.rollbacks
            ),
            compared_s=0,
        )

    async def gates(self) -> dict[str, Gate]:
        """Look, until blue was looked through as well."""
        await self.watch.look()
        while (found := self.named())["live-foreign"].verdict is Verdict.UNKNOWN:
            await asyncio.sleep(0.05)
            await self.watch.look()
        return found

    def named(self) -> dict[str, Gate]:
        return {gate.name: gate for gate in self.watch.gates("all")}

    async def migrated(self) -> int:
        """How many objects shadow reads may pick from."""
        return len(await self.live.engine.ledger.picks.objects(1, 1_000))

    async def probes(self) -> list[str]:
        """Keys of ours that green still holds, or that the reverse copy was told of."""
        with self.live.scene.green.client() as client:
            listed = client.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX).get("Contents", [])
            uploads = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        await self.live.engine.reverses.listen()
        rows = await self.live.engine.ledger.greenlog.page(None)
        noted = [row.key.decode() for row in rows if row.key.startswith(PREFIX.encode())]
        return [str(one["Key"]) for one in (*listed, *uploads)] + noted

    async def alarms(self) -> list[str]:
        rows = await self.live.engine.ledger.last_events(200)
        return [row.text for row in rows if row.kind == "watch"]


@pytest.fixture
async def watched(tools: Tools, tmp_path: Path) -> AsyncIterator[Watched]:
    async with flipped(tmp_path, tools) as made:
        await made.engine.watch.close()  # its own looks every few seconds would be a second one
        watching = Watched(made)
        yield watching
        await watching.watch.close()


async def test_a_sound_green_is_open_a_hung_one_unknown_and_a_stranger_named(
    watched: Watched,
) -> None:
    gates = await watched.gates()
    slow = gates.pop("live-slow")  # a busy host may make that a warning
    assert slow.verdict in {Verdict.PASS, Verdict.WARN}
    assert {name: gate.verdict for name, gate in gates.items()} == dict.fromkeys(
        [f"live-{name}" for name in _SOUND], Verdict.PASS
    ), gates
    assert gates["live-cases"].evidence == f"green does what it did: {', '.join(Case)}"
    assert await watched.live.engine.reverses.wrote() is False, "a probe is no client"
    assert await watched.probes() == []
    assert gates["live-mismatch"].evidence == f"{await watched.migrated()} keys equal"
    assert await watched.alarms() == []

    server = watched.live.scene.green.server
    server.stop()
    until("its stop", lambda: _stopped(server.pid), limit_s=60)
    try:
        await watched.watch.look()
    finally:
        server.cont()
    assert watched.named()["live-mismatch"].verdict is Verdict.UNKNOWN
    assert await watched.alarms() == [], "unknown is not red, and sends nobody back"

    (watched.live.scene.blue.root / BUCKET / "by-nfs").write_bytes(b"stray")
    await watched.watch.close()
    gates = await Watched(watched.live).gates()  # a fresh one: blue is looked through rarely
    assert gates["live-foreign"].verdict is Verdict.FAIL
    assert f"{BUCKET}/by-nfs" in gates["live-foreign"].evidence
    assert watched.live.modes() == ["green", "green"]


async def test_a_green_that_answers_errors_goes_back_by_itself_before_its_first_write(
    watched: Watched,
) -> None:
    watched.live.scene.green.break_()
    await watched.watch.look()
    [job] = [row for row in await watched.live.engine.ledger.jobs() if row.kind == "rollback"]
    assert job.actor == "watch"
    row = await watched.live.ended(job.id)
    assert row.state == "done", row.result
    assert watched.live.modes() == ["blue", "blue"]
    assert await watched.live.state() == State.CATCHUP
    with watched.live.client() as client:
        client.put_object(Bucket=BUCKET, Key="again", Body=b"on blue")
    with watched.live.scene.blue.client() as blue:
        assert blue.get_object(Bucket=BUCKET, Key="again")["Body"].read() == b"on blue"
    assert "green has accepted no write yet" in (await watched.alarms())[-1]
    await watched.watch.look()
    assert watched.named() == {}, "nothing is live any more"


async def test_behind_greens_first_write_the_alarm_waits_for_a_person(watched: Watched) -> None:
    before = await watched.migrated()
    with watched.live.client() as client:
        client.put_object(Bucket=BUCKET, Key="old/03", Body=b"green's")
        client.delete_object(Bucket=BUCKET, Key="old/04")
    gates = await watched.gates()
    assert gates["live-mismatch"].verdict is Verdict.PASS, gates["live-mismatch"].evidence
    left = before - 2
    assert gates["live-mismatch"].evidence == f"{left} keys equal", "less what green changed"
    assert gates["live-foreign"].verdict is Verdict.PASS, gates["live-foreign"].evidence

    watched.live.scene.green.break_()
    await watched.watch.look()
    assert watched.named()["live-mismatch"].verdict is Verdict.FAIL
    assert watched.live.modes() == ["green", "green"]
    [alarm] = await watched.alarms()
    assert f"gate live-mismatch is red: {left} of {left} keys differ" in alarm


async def test_an_s3_case_that_green_does_no_more_is_named(watched: Watched) -> None:
    with watched.live.client() as client:
        client.put_object(Bucket=BUCKET, Key="new", Body=b"green's")
    watched.live.scene.green.lack("copy", "multipart")
    await watched.watch.look()
    gate = watched.named()["live-cases"]
    assert gate.verdict is Verdict.FAIL
    assert "copy (501 NotImplemented); multipart (begin: 501 NotImplemented)" in gate.evidence
    assert watched.live.modes() == ["green", "green"]
    watched.live.scene.green.lack()
    await watched.watch.look()
    assert watched.named()["live-cases"].verdict is Verdict.PASS
    assert await watched.probes() == []


def _stopped(pid: int) -> bool:
    return " (stopped)" in Path(f"/proc/{pid}/status").read_text()
