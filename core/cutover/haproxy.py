"""One HAProxy as a `Balancer`: the map's file first, then its runtime, then both read back.

The file decides what a restart or a reload does, so that it is never behind. Contract:
`cutover.md` 5; the configuration that this expects: docs/traffic.md.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.cutover.balancer import Told
from core.cutover.haproxy_config import checked, listeners
from core.cutover.haproxy_master import Master, still_there
from core.cutover.haproxy_runtime import LIMIT_S, Runtime
from core.cutover.map_file import DEFAULT_PATH, MapFile, changed, parse
from core.cutover.mode import Mode
from core.display import safe
from core.errors import NoAnswer, VgwmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.config.schema import Haproxy
    from core.cutover.balancer import Busy
    from core.cutover.mode import Side

_SAME: Final = "its file and what it does are not the same: a reload would change it"


class HaproxyBalancer:
    """A `core.cutover.balancer.Balancer`. workspace_id: 8 hex, the first part of a map's owner."""

    modes: frozenset[Mode] = frozenset(Mode)

    def __init__(self, named: Haproxy, workspace_id: str, *, limit_s: float = LIMIT_S) -> None:
        self.name = safe(named.name)
        self.listeners = named.listen or _bound(named)
        self._named = named
        self._file = MapFile(named.map, workspace_id)
        self._runtime = Runtime(self.name, named.socket, named.map, limit_s=limit_s)
        self._master = Master(self.name, named.master, limit_s=limit_s)
        self._limit_s = limit_s
        self._writing: asyncio.Task[None] | None = None

    async def ready(self, run: str) -> list[str]:
        """Return what is wrong with its configuration, socket, map and owner. Changes nothing."""
        del run
        wrong = [why for why in (self._file.unwritable, await checked(self._named.config)) if why]
        if not self.listeners:
            wrong.append("no `bind` line routes by the map: name its URLs in `listen` of vgwm.yaml")
        for look in (self._wrong_file, self._wrong_socket, self._wrong_master):
            try:
                wrong += await look()
            except VgwmError as error:
                wrong.append(error.what)
        return wrong

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        """Bring buckets to a mode: the file, the runtime, both read back.

        Raises ForeignPlan, Denied, BadInput before anything is done; NodeUnreachable, NoAnswer,
        Refused when the file is changed and the runtime is not, or unknown.
        """
        await self._require_written()
        text = await asyncio.to_thread(self._file.read)
        self._file.check_owner(parse(text))
        wanted = changed(text, buckets, mode, self._file.owned(run))
        if wanted != text:
            self._writing = asyncio.create_task(asyncio.to_thread(self._file.write, wanted))
            await asyncio.shield(self._writing)
        if await self._runtime.entries() != parse(wanted):
            await self._runtime.replace(parse(wanted))
        told = await self.get(buckets)
        if told.mode is not mode:
            raise NoAnswer(
                what=told.why or f"it was told {mode} and says {told.mode or 'several modes'}",
                where=f"admin socket of {self.name}",
                remedy="Look who else writes its map or restarts it; then do it again.",
            )

    async def get(self, buckets: Sequence[str]) -> Told:
        """Return what it does, unless its file says otherwise: then that is unknown, too."""
        try:
            process = (await self._runtime.process()).pid
            does = await self._runtime.entries()
            file = parse(await asyncio.to_thread(self._file.read))
            met = await self._runtime.looked_up(f"/{buckets[0]}/" if buckets else DEFAULT_PATH)
        except VgwmError as error:
            return Told(name=self.name, mode=None, why=error.what, at_ns=time.time_ns())
        by_slice = does.modes_of(buckets) if buckets else does.routes
        why = _SAME if not does.agrees(file) else _stray(by_slice, met)
        if why:
            by_slice = tuple((bucket, None) for bucket, _ in by_slice)
        modes = {mode for _, mode in by_slice}
        mode = modes.pop() if len(modes) == 1 else None
        return Told(
            name=self.name,
            mode=mode,
            by_slice=by_slice,
            why=why or ("" if mode is not None else "its buckets have several modes, or none"),
            process=process,
            owner=safe(does.owner),
            across=await self._runtime.across(),
            at_ns=time.time_ns(),
        )

    async def busy(self, side: Side) -> Busy | None:
        """Return what its backend for a side's writes has in work.

        Raises NoAnswer while a worker of before a reload lives: what it has in work counts as well.
        """
        await self._master.require_alone()
        return await self._runtime.busy(f"{side}_w")

    async def under_way(self, side: Side) -> Mapping[str, int]:
        """Return each write that its backend for a side's writes has in work. Raises as `busy`."""
        await self._master.require_alone()
        return await self._runtime.streams(f"{side}_w")

    async def _require_written(self) -> None:
        """Wait for a file whose writing outlived its step: it would come behind this one.

        Raises NoAnswer for one that hangs.
        """
        if self._writing is None:
            return
        ended, left = await asyncio.wait({self._writing}, timeout=self._limit_s)
        if left:
            raise NoAnswer(
                what="its map's file is still being written by the step before",
                where=safe(str(self._named.map)),
                remedy="Look at the disk on which it lies.",
            )
        for one in ended:
            one.exception()  # its step was told, or is gone

    async def _wrong_file(self) -> list[str]:
        found = parse(await asyncio.to_thread(self._file.read))
        self._file.check_owner(found)
        return found.wrong

    async def _wrong_master(self) -> list[str]:
        pids = await self._master.old()
        return [still_there(pids)] if pids else []

    async def _wrong_socket(self) -> list[str]:
        level = await self._runtime.level()
        if level != "admin":
            return [f"its socket gives level {level or 'none'}: stats socket PATH level admin"]
        if not await self._runtime.has_map():
            return [f"{safe(str(self._named.map))} is no map that it has loaded"]
        missing = [
            f"it has no backend {side}_w"
            for side in ("blue", "green")
            if await self._runtime.busy(f"{side}_w") is None
        ]
        file = parse(await asyncio.to_thread(self._file.read))
        return missing if (await self._runtime.entries()).agrees(file) else [*missing, _SAME]


def _stray(by_slice: tuple[tuple[str, Mode | None], ...], met: str) -> str:
    """Return what a request meets if it is not what the lines say: somebody added a second one.

    met: what was looked up for the first bucket, or for `/`.
    """
    said = next(
        (mode for bucket, mode in by_slice if bucket == DEFAULT_PATH),
        by_slice[0][1] if by_slice else None,
    )
    return "" if said is None or met == said else f"a request meets {safe(met)}, not {said}"


def _bound(named: Haproxy) -> tuple[str, ...]:
    """Return where it listens by its configuration; nowhere if that cannot be read."""
    try:
        return listeners(named.config.read_text(errors="replace"), named.map)
    except OSError:
        return ()
