"""Green, blue and the copy between them, as a workspace names them. May import the rooms below."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Final

import aiohttp

from core.config.schema import IpfsTarget
from core.cutover.canary import canary
from core.cutover.door import asking
from core.cutover.fence import door_of, doors_of, hold, release
from core.cutover.fence_proof import look_fenced, prove_fenced
from core.cutover.gateway import Hold
from core.cutover.gateway_command import gateways_of
from core.cutover.mode import Side
from core.cutover.private_writer import writing
from core.cutover.reading import Trouble
from core.cutover.rollback_plan import Green
from core.cutover.signing import Call
from core.display import safe
from core.engine.returning.green_pages import pages_of
from core.engine.returning.present_buckets import present
from core.engine.reversing.new_buckets import made_on_green
from core.engine.reversing.private_process import running
from core.engine.reversing.undoing import blue_of
from core.errors import BadInput, NoAnswer, VgwmError
from core.ledger.greenlog import GreenOp, GreenState
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from core.config.schema import PrivateWriter, Workspace
    from core.cutover.door import Asker, Door
    from core.cutover.fleet import Fleet
    from core.cutover.gateway import Gateway
    from core.cutover.gateway_command import CommandGateway
    from core.engine.reins import Reins
    from core.engine.returning.ground import BucketsNow
    from core.engine.reversing.reverses import Reverses
    from core.engine.reversing.undoing import Blue
    from core.ledger.greenlog import GreenRow
    from core.ledger.ledger import Ledger

HEALTH_S: Final = 2.0
_AGAIN_S: Final = 4.0
"""Of the second question, before green counts as dead: a busy host is not a dead one."""

_KEPT_S: Final = 10.0
_FIRST_ERROR: Final = 500
_UNDELETED: Final = "it is there, though green deleted it"


class NamedGreen:
    """Green as vgwm.yaml names it."""

    def __init__(self, workspace: Workspace, fleet: Fleet) -> None:
        self._workspace = workspace
        self._fleet = fleet
        self._gateways = gateways_of(workspace, Side.GREEN)
        self._held: list[CommandGateway] = []
        self._seen: tuple[float, Green] | None = None

    async def health(self, *, fresh: bool) -> Green:
        """Say how much of it answers; without fresh, an answer counts for 10 s."""
        seen = self._seen
        if fresh or seen is None or time.monotonic() - seen[0] > _KEPT_S:
            self._seen = seen = (time.monotonic(), await self._look())
        return seen[1]

    async def hold(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Fence every gateway by its command; one without is said where nothing else fences it."""
        bare = [] if self._fleet.can_fence else [one for one in self._gateways if not one.can_fence]
        if not self._fleet.can_fence and not self._gateways:
            return [Trouble("gateways", "vgwm.yaml names none of green's: nobody can fence it")]
        troubles = await hold(self._gateways, buckets, run)
        loose = {one.name for one in troubles}
        self._held = [one for one in self._gateways if one.can_fence and one.name not in loose]
        return [Trouble(one.name, "it has no commands") for one in bare] + troubles

    async def release(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Open every gateway by its command."""
        return await release(self._gateways, buckets, run)

    async def prove_fenced(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Try to write through every listener, and at every gateway that `hold` fenced."""
        doors = doors_of(self._fleet, self._held)
        # these say themselves that they are fenced: a 403 is their fence, not our lack of rights
        sure = [door_of(one) for one in self._held] if self._fleet.can_fence else doors
        may_write = {door.name for door in sure}
        async with asking() as asker:
            # one that a client removed since the flip takes no write, and says nothing of a fence
            there = await present(asker, doors, buckets)
            names = there or buckets  # where all are gone, nothing was proven
            unproven = await prove_fenced(asker, doors, names, run, may_write=may_write)
        return [Trouble(one.door, one.why) for one in unproven]

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        """Ask every gateway; whatever it answers, it answers."""
        return await _silent(self._gateways, buckets)

    async def _look(self) -> Green:
        seen = await self._asked(HEALTH_S)
        return seen if seen is Green.ALIVE else await self._asked(_AGAIN_S)

    async def _asked(self, limit_s: float) -> Green:
        urls = [one.url for one in self._gateways]
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=limit_s), trust_env=False
        ) as session:
            blocks, table, served = await asyncio.gather(
                self._blocks(session), self._table(limit_s), _any(session, "GET", urls)
            )
        if not blocks or not table:
            return Green.DEAD
        return Green.ALIVE if served or not urls else Green.GATEWAY_DEAD

    async def _blocks(self, session: aiohttp.ClientSession) -> bool:
        """Tell whether blocks can be read: a Kubo node answers, or the folder is there."""
        target = self._workspace.target
        if isinstance(target, IpfsTarget):
            urls = [f"{url.rstrip('/')}/api/v0/version" for url in target.kubo]
            return await _any(session, "POST", urls)
        return await asyncio.to_thread(target.path.is_dir)

    async def _table(self, limit_s: float) -> bool:
        """Tell whether the object table answers."""
        try:
            async with asyncio.timeout(limit_s):
                profile = await asyncio.to_thread(profiles.load, self._workspace.target.profile)
                table = await open_target_table(self._workspace, profile)
                try:
                    await table.read([("-", "-")])
                finally:
                    await table.close()
        except (VgwmError, TimeoutError):
            return False
        return True


class NamedCopy:
    """The reverse copy of an engine. settings: of its private writer, None without one."""

    def __init__(
        self, reverses: Reverses, ledger: Ledger, rows: BucketsNow, settings: PrivateWriter | None
    ) -> None:
        self._reverses = reverses
        self._ledger = ledger
        self._rows = rows
        self._settings = settings

    async def ready(self) -> None:
        """Ask the private writer for a bucket; one that nobody began yet is begun for that."""
        settings = self._settings
        if settings is None:
            raise BadInput(
                what="there is no private writer: nothing can be carried to blue",
                where="cutover.private_writer",
                remedy="Name one in vgwm.yaml: docs/reverse.md shows how it is started.",
            )
        names = [row.name.decode() for row in await self._rows()]
        async with AsyncExitStack() as opened:
            if not await _listens(settings.socket):
                await opened.enter_async_context(running(settings))
            writer = await opened.enter_async_context(writing(settings))
            for name in names[:1]:
                await writer.has_bucket(name)

    async def listen(self) -> None:
        """Read green's feed to its end."""
        await self._reverses.listen()

    async def catch_up(self, reins: Reins) -> None:
        """Carry what is waiting while green is still open."""
        await self._reverses.catch_up(reins)

    async def finish(self, reins: Reins) -> None:
        """Carry all that green accepted. Raises NoAnswer where a key does not go over."""
        await self._reverses.finish(reins)
        ids = [row.id for row in await self._rows()]
        async with aclosing(pages_of(self._ledger, GreenState.WAITING, ids)) as pages:
            async for page in pages:
                why = page[0].why or "it still waits"
                raise NoAnswer(
                    what=f"{safe(page[0].key)} does not reach blue: {why}",
                    where="rollback, R2 REVERSE",
                    remedy="Mend what it names; it is tried again.",
                )

    async def off(self) -> None:
        """End the private writer, if the reverse copy has it still."""
        await self._reverses.halt("rollback")

    async def end(self, buckets: Sequence[str]) -> None:
        """Let buckets be blue's again: nothing of theirs is heard any more."""
        await self._reverses.end(buckets)


class NamedBlue:
    """Blue as vgwm.yaml names it: its gateways, and its tree where that can be reached."""

    def __init__(self, workspace: Workspace, rows: BucketsNow) -> None:
        self._workspace = workspace
        self._rows = rows
        self._gateways = gateways_of(workspace, Side.BLUE)
        self._tree: Blue | None = None

    @property
    def gateways(self) -> int:
        """How many vgwm.yaml names."""
        return len(self._gateways)

    async def silent(self, buckets: Sequence[str]) -> list[Trouble]:
        """Ask every gateway; whatever it answers, it answers. Raises BadInput without keys."""
        return await _silent(self._gateways, buckets)

    async def differs(self, rows: Sequence[GreenRow]) -> list[tuple[GreenRow, str]]:
        """Compare keys with blue's tree; what was read back there has still the same stamps."""
        if self._tree is None:
            self._tree = await asyncio.to_thread(blue_of, self._workspace)
        if self._tree is None:
            return []  # an endpoint: each key was read back there when it was carried
        names = {row.id: row.name.decode() for row in await self._rows()}
        found, seen = [], []
        for row in rows:
            why = await _why(self._tree, names[row.bucket_id], row)
            if why and row.op is GreenOp.DELETE:
                seen.append(row)
            elif why:
                found.append((row, why))
        return found + await self._undeleted(seen, names) if seen else found

    async def _undeleted(
        self, rows: Sequence[GreenRow], names: Mapping[int, str]
    ) -> list[tuple[GreenRow, str]]:
        """Ask blue itself for deleted keys whose path is taken: by a folder, mostly, of others."""
        settings = self._workspace.cutover.private_writer
        if settings is None:
            return [(row, _UNDELETED) for row in rows]
        async with running(settings), writing(settings) as writer:
            return [
                (row, _UNDELETED)
                for row in rows
                if await writer.head(names[row.bucket_id], row.key.decode()) is not None
            ]

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Open every gateway, and ask each without harm whether it takes writes."""
        troubles = await release(self._gateways, buckets, run)
        shut = {one.name for one in troubles}
        names = {door_of(one).name: one.name for one in self._gateways if one.name not in shut}
        if not names or not buckets:
            return troubles
        doors = [door_of(one) for one in self._gateways if one.name not in shut]
        async with asking() as asker:
            there = await self._there(asker, doors, buckets)
            shown = await look_fenced(asker, doors, there)
        return troubles + [
            Trouble(names[one.door], f"{one.bucket}: {one.hold}, {one.why}")
            for one in shown
            if one.hold is not Hold.OPEN
        ]

    async def canary(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Put, get and delete an object in the first bucket, at each gateway itself."""
        if not buckets or not self._gateways:
            return []
        doors = [door_of(one) for one in self._gateways]
        async with asking() as asker:
            there = await self._there(asker, doors, buckets)
            gates = [await canary(asker, door, (there or buckets)[0], run) for door in doors]
        return [
            Trouble(one.name, f"canary {gate.evidence}")
            for one, gate in zip(self._gateways, gates, strict=True)
            if gate.verdict is not Verdict.PASS
        ]

    async def _there(
        self, asker: Asker, doors: Sequence[Door], buckets: Sequence[str]
    ) -> list[str]:
        """Return the buckets without those that were made on green, and did not come to blue.

        Of all others it is asked, whatever a gateway says: one without its disk lacks them, too.
        """
        new = {row.name.decode() for row in await self._rows() if made_on_green(row)}
        came = await present(asker, doors, sorted(new.intersection(buckets)))
        here = [one for one in buckets if one not in new]
        return [*here, *came]


async def _why(tree: Blue, bucket: str, row: GreenRow) -> str:
    """Return in what blue differs from what was read back there, "" if in nothing."""
    seen = await tree.fingerprint(bucket, row.key.decode())
    if row.op is GreenOp.DELETE:
        return "" if seen is None else _UNDELETED
    if seen is None:
        return "it is gone"
    kept = (row.ino, row.mtime_ns, row.ctime_ns)
    return "" if tuple(seen) == kept else "it was changed since it was read back"


async def _silent(gateways: Sequence[Gateway], buckets: Sequence[str]) -> list[Trouble]:
    """Return the gateways that do not answer a signed question, whatever they would say."""
    call = Call(method="HEAD", bucket=next(iter(buckets), ""))

    async def one(asker: Asker, gateway: Gateway) -> str:
        try:
            await asker.ask(door_of(gateway), call)
        except NoAnswer as error:
            return error.what
        return ""

    async with asking() as asker:
        told = await asyncio.gather(*(one(asker, gateway) for gateway in gateways))
    return [Trouble(gateway.name, why) for gateway, why in zip(gateways, told, strict=True) if why]


async def _listens(socket: Path) -> bool:
    """Tell whether somebody takes connections at a socket."""
    try:
        _, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    writer.close()
    return True


async def _any(session: aiohttp.ClientSession, method: str, urls: Sequence[str]) -> bool:
    """Tell whether one of some servers answers, whatever it says but a failure of its own."""

    async def one(url: str) -> bool:
        try:
            async with session.request(method, url) as answer:
                return answer.status < _FIRST_ERROR
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    return any(await asyncio.gather(*(one(url) for url in urls)))
